#include "store/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"

namespace winnow::store {
namespace {

constexpr std::array<const char*, kNumFamilies> kFamilyNames = {"hist", "step",   "skip",
                                                                "agg",  "prompt", "meta"};
constexpr size_t kMebibyte = size_t{1} << 20;
constexpr int kPromptBytes = 8;  // prefix of the keys of `hist`
constexpr int kRetries = 20;     // a file may vanish between a writer's list and our open

// A copy that is only read must not gain RocksDB's LOG files.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return OkStatus();
  const std::string message = Format("history: {}: {}", what, status.ToString());
  if (status.IsCorruption()) return DataLoss(message);
  if (status.IsNoSpace() || status.IsIOError() || status.IsTimedOut() || status.IsBusy()) {
    return Unavailable(message);
  }
  return Internal(message);
}

// What stops a store from opening is damage, unless someone else has it open or the disk is full.
Status FromOpen(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (status.IsNoSpace()) return Unavailable(Format("history: {}: {}", path, text));
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return FailedPrecondition(Format("history: {} is in use by another process", path));
  }
  return DataLoss(Format("history: the store cannot be opened: {}", text));
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 64 * kMebibyte;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 * 1024;
  if (family == Family::kHist) {
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPromptBytes));
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(/*bits_per_key=*/10));
    table.whole_key_filtering = false;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions DatabaseOptions(Database::Mode mode) {
  rocksdb::DBOptions options;
  options.create_if_missing = mode == Database::Mode::kCreate;
  options.create_missing_column_families = mode == Database::Mode::kCreate;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.recycle_log_file_num = 0;
  options.max_total_wal_size = 64 * kMebibyte;
  options.max_open_files = -1;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  if (mode == Database::Mode::kRead || mode == Database::Mode::kSecondary) {
    options.info_log = std::make_shared<SilentLogger>();
  }
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> AllFamilies() {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (int i = 0; i < kNumFamilies; ++i) {
    families.emplace_back(kFamilyNames[i], FamilyOptions(static_cast<Family>(i)));
  }
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  return families;
}

class RocksCursor : public Cursor {
 public:
  RocksCursor(std::unique_ptr<rocksdb::Iterator> iterator, std::string prefix)
      : iterator_(std::move(iterator)), prefix_(std::move(prefix)) {
    if (prefix_.empty()) {
      iterator_->SeekToFirst();
    } else {
      iterator_->Seek(prefix_);
    }
  }
  bool Valid() const override { return iterator_->Valid() && key().starts_with(prefix_); }
  void Next() override { iterator_->Next(); }
  std::string_view key() const override { return View(iterator_->key()); }
  std::string_view value() const override { return View(iterator_->value()); }
  Status status() const override { return FromRocks(iterator_->status(), "read failed"); }

 private:
  static std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
  const std::unique_ptr<rocksdb::Iterator> iterator_;
  const std::string prefix_;
};

// The writer's list of files, by name and size, and the names of its logs.
std::string DescribeFiles(const std::string& path) {
  std::string text;
  const Result<std::vector<std::string>> names = ListFolder(path);
  if (!names.ok()) return text;
  for (const std::string& name : *names) {
    std::error_code gone;
    if (name.ends_with(".log")) text += name + ";";
    if (name.starts_with("MANIFEST")) {
      text += Format("{} {};", name, std::filesystem::file_size(path + "/" + name, gone));
    }
  }
  return text;
}

class RocksDatabase : public Database {
 public:
  RocksDatabase(Mode mode, std::string path, std::string scratch)
      : mode_(mode), path_(std::move(path)), scratch_(std::move(scratch)) {}
  ~RocksDatabase() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      database_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
    if (database_ != nullptr) database_->Close().PermitUncheckedError();
    database_.reset();
    std::error_code ignored;  // a scratch folder that stays harms nobody
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
  }

  rocksdb::Status Start(const std::string& scratch) {
    rocksdb::DB* database = nullptr;
    const rocksdb::DBOptions options = DatabaseOptions(mode_);
    rocksdb::Status status;
    if (mode_ == Mode::kRead) {
      status = rocksdb::DB::OpenForReadOnly(options, path_, AllFamilies(), &handles_, &database);
    } else if (mode_ == Mode::kSecondary) {
      status = rocksdb::DB::OpenAsSecondary(options, path_, scratch, AllFamilies(), &handles_,
                                            &database);
    } else {
      status = rocksdb::DB::Open(options, path_, AllFamilies(), &handles_, &database);
    }
    database_.reset(database);
    return status;
  }

  Result<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    std::string value;
    const rocksdb::Status status =
        database_->Get(rocksdb::ReadOptions(), Handle(family), Slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    WINNOW_RETURN_IF_ERROR(FromRocks(status, "read failed"));
    return std::optional<std::string>(std::move(value));
  }

  Result<std::vector<std::optional<std::string>>> GetMany(
      Family family, const std::vector<std::string>& keys) const override {
    std::vector<std::optional<std::string>> values(keys.size());
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    database_->MultiGet(rocksdb::ReadOptions(), Handle(family), keys.size(), slices.data(),
                        found.data(), statuses.data());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      WINNOW_RETURN_IF_ERROR(FromRocks(statuses[i], "read failed"));
      values[i] = found[i].ToString();
    }
    return values;
  }

  std::unique_ptr<Cursor> Scan(Family family, std::string_view prefix) const override {
    rocksdb::ReadOptions options;
    options.total_order_seek = prefix.empty();
    options.prefix_same_as_start = family == Family::kHist && !prefix.empty();
    std::unique_ptr<rocksdb::Iterator> iterator(database_->NewIterator(options, Handle(family)));
    return std::make_unique<RocksCursor>(std::move(iterator), std::string(prefix));
  }

  Status Write(const std::vector<Put>& puts) override {
    rocksdb::WriteBatch batch;
    for (const Put& put : puts) {
      WINNOW_RETURN_IF_ERROR(
          FromRocks(batch.Put(Handle(put.family), put.key, put.value), "write failed"));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    return FromRocks(database_->Write(options, &batch), "write failed");
  }

  // Opens again, for two reasons found by test with RocksDB 7.8. A secondary reads the writer's
  // list of files, then its logs; if the writer flushes a log and deletes it in between, the view
  // lacks what that log held. So a view counts only if list and logs are the same after reading as
  // before. And TryCatchUpWithPrimary keeps in memory what the writer flushed, where it hides the
  // newer value of a file whose sequence numbers a compaction has set to zero.
  Status CatchUp() override {
    WINNOW_CHECK(mode_ == Mode::kSecondary);
    for (int attempt = 0; attempt < kRetries; ++attempt) {
      RocksDatabase fresh(mode_, path_, "");
      const std::string before = DescribeFiles(path_);
      const rocksdb::Status status = fresh.Start(scratch_);
      if (before == DescribeFiles(path_)) {
        if (!status.ok()) return FromOpen(status, path_);
        std::swap(database_, fresh.database_);
        std::swap(handles_, fresh.handles_);
        return OkStatus();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(attempt));
    }
    return Unavailable(Format("history: the writer changes its files without a pause: {}", path_));
  }

  Status VerifyChecksums() override {
    rocksdb::Status status = database_->VerifyChecksum();
    for (int i = 0; status.IsPathNotFound() && mode_ == Mode::kSecondary && i < kRetries; ++i) {
      WINNOW_RETURN_IF_ERROR(CatchUp());
      status = database_->VerifyChecksum();
    }
    return FromRocks(status, "checksum does not match");
  }

  Status CreateCheckpoint(const std::string& path) const override {
    rocksdb::Checkpoint* made = nullptr;
    const rocksdb::Status created = rocksdb::Checkpoint::Create(database_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    WINNOW_RETURN_IF_ERROR(FromRocks(created, "checkpoint failed"));
    return FromRocks(checkpoint->CreateCheckpoint(path), "checkpoint failed");
  }

 private:
  static rocksdb::Slice Slice(std::string_view view) { return {view.data(), view.size()}; }
  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

  const Mode mode_;
  const std::string path_;
  const std::string scratch_;  // empty unless a secondary
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // at Family, then the unused default
};

// A private folder for a secondary's own files.
Result<std::string> MakeScratchFolder() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string path = (error ? std::filesystem::path("/tmp") : parent) / "winnow-history-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return Unavailable(Format("{} (no private folder can be made)", path));
  }
  return path;
}

}  // namespace

Result<bool> Database::Exists(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path + "/CURRENT", error)) return true;
  const Result<std::vector<std::string>> names = ListFolder(path);
  if (!names.ok() && names.status().code() == StatusCode::kNotFound) return false;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name.ends_with(".sst") || name.ends_with(".log") || name.starts_with("MANIFEST")) {
      return DataLoss(Format("history: the store has lost its CURRENT file: {}", path));
    }
  }
  return false;
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode) {
  if (mode == Mode::kSecondary) {
    WINNOW_ASSIGN_OR_RETURN(const std::string scratch, MakeScratchFolder());
    auto secondary = std::make_unique<RocksDatabase>(mode, path, scratch);
    WINNOW_RETURN_IF_ERROR(secondary->CatchUp());
    return std::unique_ptr<Database>(std::move(secondary));
  }
  auto database = std::make_unique<RocksDatabase>(mode, path, /*scratch=*/"");
  const rocksdb::Status status = database->Start(/*scratch=*/"");
  if (!status.ok()) return FromOpen(status, path);
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace winnow::store
