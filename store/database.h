#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::store {

// The column families of the history (docs/formats/history.md).
enum class Family : uint8_t { kHist, kStep, kSkip, kAgg, kPrompt, kMeta };
inline constexpr int kNumFamilies = 6;

// One key and its new value.
struct Put {
  Family family;
  std::string key;
  std::string value;
};

// Walks one family in key order, over what was there when it was made.
// Ownership: must end before its database. Errors: see status() once Valid() is false.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;    // until Next
  virtual std::string_view value() const = 0;  // until Next
  virtual Status status() const = 0;
};

// RocksDB with the options of reliability.md §3, behind a type that shows none of it.
// Threads:   reads and cursors from any thread; Write from one; CatchUp and VerifyChecksums of a
//            secondary while nobody reads.
// Ownership: a writer holds RocksDB's lock on the folder; a secondary its private scratch folder.
// Errors:    kDataLoss if bytes are not what was written, kFailedPrecondition if another process
//            has the folder open for writing, kUnavailable if the disk is full.
class Database {
 public:
  enum class Mode {
    kCreate,     // reads and writes; made if it is missing
    kWrite,      // reads and writes
    kRead,       // a copy that nobody writes, such as a checkpoint's; leaves no file in it
    kSecondary,  // reads beside a writer of another process
  };
  // Whether a folder holds a database; a folder with remains of one is kDataLoss.
  static Result<bool> Exists(const std::string& path);
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Mode mode);

  virtual ~Database() = default;
  virtual Result<std::optional<std::string>> Get(Family family, std::string_view key) const = 0;
  // In the order of `keys`.
  virtual Result<std::vector<std::optional<std::string>>> GetMany(
      Family family, const std::vector<std::string>& keys) const = 0;
  // The keys that start with `prefix`, which for kHist is empty or a prompt.
  virtual std::unique_ptr<Cursor> Scan(Family family, std::string_view prefix = {}) const = 0;
  // All or nothing, on disk when it returns, then visible at once.
  virtual Status Write(const std::vector<Put>& puts) = 0;
  // A secondary's view moves to what the writer has committed by now, a whole step; it stays where
  // it is on an error, kUnavailable if the writer changes its files without a pause.
  virtual Status CatchUp() = 0;
  // Reads every block of every file and compares its checksum. A secondary catches up if the
  // writer has replaced a file meanwhile.
  virtual Status VerifyChecksums() = 0;
  // A copy that opens by itself, into a folder that must not exist; shares immutable files.
  virtual Status CreateCheckpoint(const std::string& path) const = 0;
};

}  // namespace winnow::store
