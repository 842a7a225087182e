#include "store/events_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "store/coding.h"

namespace winnow::store {
namespace {

const Logger kLog("store");

constexpr size_t kHeaderBytes = 8;

std::string Frame(std::string_view payload) {
  std::string size;
  PutLittleEndian32(static_cast<uint32_t>(payload.size()), &size);
  std::string frame = size;
  PutLittleEndian32(Crc32c(size + std::string(payload)), &frame);
  frame += payload;
  return frame;
}

// The payload of the frame at the start of `bytes`; nothing if no whole, unharmed frame is there.
std::optional<std::string_view> FrameAt(std::string_view bytes) {
  if (bytes.size() <= kHeaderBytes) return std::nullopt;
  ByteReader reader(bytes);
  const uint32_t size = reader.LittleEndian32();
  const uint32_t checksum = reader.LittleEndian32();
  if (size == 0 || size > kMaxEventBytes || size > bytes.size() - kHeaderBytes) return std::nullopt;
  const std::string_view payload = bytes.substr(kHeaderBytes, size);
  if (Crc32c(std::string(bytes.substr(0, 4)).append(payload)) != checksum) return std::nullopt;
  return payload;
}

bool HoldsAFrame(std::string_view bytes) {
  for (size_t offset = 0; offset < bytes.size(); ++offset) {
    if (FrameAt(bytes.substr(offset))) return true;
  }
  return false;
}

Status FromErrno(const std::string& path) {
  return Unavailable(Format("{} ({})", path, std::strerror(errno)));
}

}  // namespace

Result<EventsLogContents> ReadEventsLog(const std::string& path) {
  EventsLogContents contents;
  Result<std::string> file = ReadFile(path);
  if (!file.ok() && file.status().code() == StatusCode::kNotFound) return contents;
  if (!file.ok()) return file.status();
  std::string_view rest = *file;
  while (const auto payload = FrameAt(rest)) {
    contents.payloads.emplace_back(*payload);
    contents.good_bytes += kHeaderBytes + payload->size();
    rest.remove_prefix(kHeaderBytes + payload->size());
  }
  contents.torn_bytes = rest.size();
  if (HoldsAFrame(rest)) {
    return DataLoss(Format("{}: frame checksum does not match, whole frames follow: byte {}", path,
                           contents.good_bytes));
  }
  return contents;
}

Result<EventsLog> EventsLog::Open(const std::string& path) {
  WINNOW_ASSIGN_OR_RETURN(const EventsLogContents contents, ReadEventsLog(path));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return FromErrno(path);
  EventsLog log(descriptor, path);
  if (contents.torn_bytes > 0) {
    kLog.Warning(Format("{}: torn tail cut off: {} bytes after byte {}", path, contents.torn_bytes,
                        contents.good_bytes));
    if (::ftruncate(descriptor, static_cast<off_t>(contents.good_bytes)) != 0) {
      return FromErrno(path);
    }
  }
  if (::fsync(descriptor) != 0) return FromErrno(path);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  WINNOW_RETURN_IF_ERROR(SyncFolder(parent.empty() ? "." : parent));
  return log;
}

EventsLog::EventsLog(EventsLog&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      broken_(other.broken_) {}

EventsLog::~EventsLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status EventsLog::Append(std::string_view payload) {
  WINNOW_CHECK(!payload.empty());
  WINNOW_CHECK_LE(payload.size(), kMaxEventBytes);
  if (broken_) return Unavailable(Format("{} (an earlier write failed)", path_));
  const std::string frame = Frame(payload);
  broken_ = true;
  for (size_t done = 0; done < frame.size();) {
    const ssize_t written = ::write(descriptor_, frame.data() + done, frame.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno(path_);
    done += static_cast<size_t>(written);
  }
  if (::fdatasync(descriptor_) != 0) return FromErrno(path_);
  broken_ = false;
  return OkStatus();
}

std::string EncodeMark(const HistoryMark& mark) {
  return Format(R"({{"type":"{}","step":{},"hist_seq":{},"hist_digest":"{}"}})",
                mark.resumed ? "resumed" : "commit", mark.step, mark.hist_seq,
                ToHex(mark.hist_digest));
}

Result<std::optional<HistoryMark>> DecodeMark(std::string_view payload) {
  const nlohmann::json json = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
  const Status unreadable =
      DataLoss(Format("events.log: an event cannot be read: {}", payload.substr(0, 200)));
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) return unreadable;
  const auto& type = json["type"].get_ref<const std::string&>();
  if (type != "commit" && type != "resumed") return std::optional<HistoryMark>();
  HistoryMark mark{.resumed = type == "resumed"};
  for (const auto& [name, field] :
       {std::pair("step", &mark.step), std::pair("hist_seq", &mark.hist_seq)}) {
    if (!json.contains(name) || !json[name].is_number_unsigned()) return unreadable;
    *field = json[name].get<uint64_t>();
  }
  if (!json.contains("hist_digest") || !json["hist_digest"].is_string() ||
      !ParseDigest(json["hist_digest"].get_ref<const std::string&>(), &mark.hist_digest)) {
    return unreadable;
  }
  return std::optional<HistoryMark>(mark);
}

Result<HistoryMark> LastMark(const EventsLogContents& contents) {
  for (size_t i = contents.payloads.size(); i > 0; --i) {
    WINNOW_ASSIGN_OR_RETURN(const std::optional<HistoryMark> mark,
                            DecodeMark(contents.payloads[i - 1]));
    if (mark) return *mark;
  }
  return HistoryMark();
}

}  // namespace winnow::store
