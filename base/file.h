#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow {

// A file opened for positioned reads (pread, never mmap: a shrinking file must not raise SIGBUS).
// Thread-safe after Open; closes on destruction.
class RandomAccessFile {
 public:
  // Errors: kNotFound if there is no such file, kInvalidArgument if it is no regular file.
  static Result<RandomAccessFile> Open(const std::string& path);
  RandomAccessFile(RandomAccessFile&& other) noexcept;
  RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
  ~RandomAccessFile();

  uint64_t size_bytes() const { return size_bytes_; }
  const std::string& path() const { return path_; }
  // Reads exactly `size` bytes at `offset` into `out`; kDataLoss if the file ends before.
  Status Read(uint64_t offset, size_t size, void* out) const;

 private:
  RandomAccessFile(int descriptor, uint64_t size_bytes, std::string path);
  int descriptor_ = -1;
  uint64_t size_bytes_ = 0;
  std::string path_;
};

// A file being written from its start, or appended to. Not thread-safe. Close errors are reported
// by Sync, which is fsync; the destructor closes without it.
class WritableFile {
 public:
  static Result<WritableFile> Create(const std::string& path);  // truncates
  static Result<WritableFile> Append(const std::string& path);  // creates if missing
  WritableFile(WritableFile&& other) noexcept;
  WritableFile& operator=(WritableFile&& other) noexcept;
  ~WritableFile();
  Status Write(std::string_view bytes);
  Status Sync();

 private:
  WritableFile(int descriptor, std::string path);
  int descriptor_ = -1;
  std::string path_;
};

// The names in a folder, sorted. Errors: kNotFound if there is no such folder.
Result<std::vector<std::string>> ListFolder(const std::string& path);

// The whole of a file. The message of an error is "PATH (reason)" without more words.
Result<std::string> ReadFile(const std::string& path);

// Replaces `path` atomically and durably: temporary file, fsync, rename, fsync of the folder.
Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// fsync of a folder, so that renames and new names in it survive a power failure.
Status SyncFolder(const std::string& path);

// rename(2), then fsync of the target's parent folder.
Status RenameDurably(const std::string& from, const std::string& to);

// An exclusive advisory lock (flock) on a file, held until destruction; never blocks.
class FileLock {
 public:
  // Errors: kFailedPrecondition if another process holds it.
  static Result<FileLock> Acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// Calls `line(text, number)` for each line of `path` without its '\n' (a "\r\n" loses both; a BOM
// at the start is dropped), numbers from 1, stopping at the first error returned.
Status ForEachLine(const std::string& path,
                   const std::function<Status(std::string_view, size_t)>& line);

}  // namespace winnow
