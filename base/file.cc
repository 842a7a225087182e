#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace winnow {
namespace {

std::string WithReason(const std::string& path, int error) {
  return path + " (" + std::strerror(error) + ")";
}

Status FromErrno(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return NotFound(WithReason(path, error));
    case EACCES:
    case EPERM:
    case EISDIR:
      return InvalidArgument(WithReason(path, error));
    default:
      return Unavailable(WithReason(path, error));
  }
}

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno(path, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

}  // namespace

RandomAccessFile::RandomAccessFile(int descriptor, uint64_t size_bytes, std::string path)
    : descriptor_(descriptor), size_bytes_(size_bytes), path_(std::move(path)) {}

RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(other.size_bytes_),
      path_(std::move(other.path_)) {}

RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(path_, other.path_);
  return *this;
}

RandomAccessFile::~RandomAccessFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<RandomAccessFile> RandomAccessFile::Open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FromErrno(path, errno);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return InvalidArgument(path + " (not a regular file)");
  }
  return RandomAccessFile(descriptor, static_cast<uint64_t>(info.st_size), path);
}

Status RandomAccessFile::Read(uint64_t offset, size_t size, void* out) const {
  auto* bytes = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = ::pread(descriptor_, bytes, size, static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return FromErrno(path_, errno);
    }
    if (got == 0) return DataLoss(path_ + " (ended at byte " + std::to_string(offset) + ")");
    bytes += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return OkStatus();
}

WritableFile::WritableFile(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {}

WritableFile::WritableFile(WritableFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

WritableFile& WritableFile::operator=(WritableFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

WritableFile::~WritableFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<WritableFile> WritableFile::Create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return FromErrno(path, errno);
  return WritableFile(descriptor, path);
}

Result<WritableFile> WritableFile::Append(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return FromErrno(path, errno);
  return WritableFile(descriptor, path);
}

Status WritableFile::Write(std::string_view bytes) { return WriteAll(descriptor_, bytes, path_); }

Status WritableFile::Sync() {
  if (::fsync(descriptor_) != 0) return FromErrno(path_, errno);
  return OkStatus();
}

Result<std::string> ReadFile(const std::string& path) {
  WINNOW_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::string bytes(file.size_bytes(), '\0');
  WINNOW_RETURN_IF_ERROR(file.Read(0, bytes.size(), bytes.data()));
  return bytes;
}

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return FromErrno(path, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Status SyncFolder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FromErrno(path, errno);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0) return FromErrno(path, error);
  return OkStatus();
}

Status RenameDurably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FromErrno(to, errno);
  return SyncFolder(ParentOf(to));
}

Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Create(temporary));
    WINNOW_RETURN_IF_ERROR(file.Write(bytes));
    WINNOW_RETURN_IF_ERROR(file.Sync());
  }
  return RenameDurably(temporary, path);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileLock> FileLock::Acquire(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return FromErrno(path, errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(descriptor);
    if (error == EWOULDBLOCK) return FailedPrecondition(path + " (held by another process)");
    return FromErrno(path, error);
  }
  return FileLock(descriptor);
}

Status ForEachLine(const std::string& path,
                   const std::function<Status(std::string_view, size_t)>& line) {
  WINNOW_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  std::string_view rest = bytes;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  for (size_t number = 1; !rest.empty(); ++number) {
    const size_t end = rest.find('\n');
    std::string_view text = rest.substr(0, end);
    if (text.ends_with('\r')) text.remove_suffix(1);
    WINNOW_RETURN_IF_ERROR(line(text, number));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return OkStatus();
}

}  // namespace winnow
