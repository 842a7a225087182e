#include "model/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>

#include "base/check.h"
#include "base/format.h"
#include "device/bf16.h"
#include "model/float16.h"
#include "model/strict_json.h"

namespace winnow::model {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxTensors = 100'000;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxShownName = 512;

using Path = std::vector<std::string>;

// Collects the tensors of a header while its JSON is read.
class HeaderBuilder {
 public:
  explicit HeaderBuilder(const std::string& file) : file_(file) {}

  JsonVisitor Visitor() {
    return {.key = [this](const Path& path) { return Key(path); },
            .list = [this](const Path& path) { return List(path); },
            .object = [this](const Path& path) { return Object(path); },
            .scalar = [this](const Path& path, bool in_list,
                             const JsonScalar& scalar) { return Scalar(path, in_list, scalar); }};
  }

  Result<std::vector<TensorInfo>> Finish(uint64_t data_bytes);

 private:
  static constexpr int kDtype = 1, kShape = 2, kOffsets = 4;
  struct Draft {
    TensorInfo info;
    std::vector<uint64_t> offsets;
    int fields = 0;
  };

  Status Broken(const std::string& name, const std::string& rule) const {
    return InvalidArgument(Format("{}: tensor {} {}", file_, name.substr(0, kMaxShownName), rule));
  }
  static bool IsMetadata(const Path& path) { return path[0] == "__metadata__"; }

  Status Key(const Path& path) {
    if (IsMetadata(path)) return OkStatus();
    if (path.size() == 1) {
      if (drafts_.size() >= kMaxTensors) {
        return InvalidArgument(Format("{}: must have at most {} tensors", file_, kMaxTensors));
      }
      drafts_.emplace_back().info.name = path[0];
      return OkStatus();
    }
    const std::string& field = path[1];
    const int bit = field == "dtype"          ? kDtype
                    : field == "shape"        ? kShape
                    : field == "data_offsets" ? kOffsets
                                              : 0;
    if (path.size() > 2 || bit == 0) {
      return Broken(path[0], "must have dtype, shape, data_offsets only: " + path.back());
    }
    return OkStatus();
  }

  Status Object(const Path& path) {
    if (path.size() <= 1) return OkStatus();
    return InvalidArgument(Format("{}: {} must not hold an object at {}", file_, path[0], path[1]));
  }

  Status List(const Path& path) {
    if (path.size() != 2 || IsMetadata(path) || (path[1] != "shape" && path[1] != "data_offsets") ||
        Field(path[1])) {
      return InvalidArgument(
          Format("{}: {} must not hold a list", file_, path.empty() ? "the file" : path.back()));
    }
    drafts_.back().fields |= path[1] == "shape" ? kShape : kOffsets;
    return OkStatus();
  }

  // True if the list field was opened already: a list inside it has the same path.
  bool Field(const std::string& name) const {
    return (drafts_.back().fields & (name == "shape" ? kShape : kOffsets)) != 0;
  }

  Status Scalar(const Path& path, bool in_list, const JsonScalar& scalar) {
    if (IsMetadata(path)) {
      if (path.size() == 2 && scalar.kind == JsonScalar::Kind::kString) return OkStatus();
      return InvalidArgument(file_ + ": __metadata__ must map names to strings");
    }
    if (path.size() != 2) return Broken(path[0], "must be an object");
    Draft& draft = drafts_.back();
    if (path[1] == "dtype") {
      if (in_list || scalar.kind != JsonScalar::Kind::kString || DtypeBytes(scalar.text) == 0) {
        return Broken(path[0], "must have a known dtype: " + scalar.text.substr(0, 40));
      }
      draft.info.dtype = scalar.text;
      draft.fields |= kDtype;
      return OkStatus();
    }
    if (!in_list || scalar.kind != JsonScalar::Kind::kUnsigned) {
      return Broken(path[0], Format("must have a list of integers as {}", path[1]));
    }
    std::vector<uint64_t>& list = path[1] == "shape" ? draft.info.shape : draft.offsets;
    const size_t most = path[1] == "shape" ? kMaxRank : 2;
    if (list.size() >= most) {
      return Broken(path[0], Format("must have at most {} entries in {}", most, path[1]));
    }
    list.push_back(scalar.number);
    return OkStatus();
  }

  Status CheckSize(TensorInfo* info) const;

  const std::string& file_;
  std::vector<Draft> drafts_;
};

// Extents are multiplied with overflow checked; zeros are left out of that product first, so that
// an absurd extent beside a zero is refused too.
Status HeaderBuilder::CheckSize(TensorInfo* info) const {
  uint64_t bytes = DtypeBytes(info->dtype);
  bool empty = false;
  for (const uint64_t extent : info->shape) {
    empty = empty || extent == 0;
    if (extent != 0 && __builtin_mul_overflow(bytes, extent, &bytes)) {
      return Broken(info->name,
                    Format("must have a size below 2^64 bytes: shape {}", ShowShape(info->shape)));
    }
  }
  if (empty) bytes = 0;
  if (info->end < info->begin || info->end - info->begin != bytes) {
    return Broken(info->name, Format("must have {} bytes by dtype {} and shape {}: [{}, {}]", bytes,
                                     info->dtype, ShowShape(info->shape), info->begin, info->end));
  }
  info->num_elements = bytes / DtypeBytes(info->dtype);
  return OkStatus();
}

Result<std::vector<TensorInfo>> HeaderBuilder::Finish(uint64_t data_bytes) {
  std::vector<TensorInfo> tensors;
  for (Draft& draft : drafts_) {
    if (draft.fields != (kDtype | kShape | kOffsets) || draft.offsets.size() != 2) {
      return Broken(draft.info.name, "must have dtype, shape and two data_offsets");
    }
    draft.info.begin = draft.offsets[0];
    draft.info.end = draft.offsets[1];
    WINNOW_RETURN_IF_ERROR(CheckSize(&draft.info));
    tensors.push_back(std::move(draft.info));
  }
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t expected = 0;
  for (const TensorInfo& info : tensors) {
    if (info.begin != expected) {
      return Broken(info.name, Format("must begin where the one before ends, at {}: {}", expected,
                                      info.begin));
    }
    expected = info.end;
  }
  if (expected != data_bytes) {
    return InvalidArgument(Format("{}: must have {} bytes of tensor data, as its header says: {}",
                                  file_, expected, data_bytes));
  }
  return tensors;
}

bool IsShardName(std::string_view name) {
  constexpr std::string_view kSuffix = ".safetensors";
  if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

size_t DtypeBytes(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, size_t>, 15> kTypes{{{"F64", 8},
                                                                               {"F32", 4},
                                                                               {"BF16", 2},
                                                                               {"F16", 2},
                                                                               {"I64", 8},
                                                                               {"I32", 4},
                                                                               {"I16", 2},
                                                                               {"I8", 1},
                                                                               {"U64", 8},
                                                                               {"U32", 4},
                                                                               {"U16", 2},
                                                                               {"U8", 1},
                                                                               {"BOOL", 1},
                                                                               {"F8_E4M3", 1},
                                                                               {"F8_E5M2", 1}}};
  for (const auto& [name, bytes] : kTypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

std::string ShowShape(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<std::vector<TensorInfo>> ParseSafetensorsHeader(std::string_view json, uint64_t data_bytes,
                                                       const std::string& file) {
  HeaderBuilder builder(file);
  WINNOW_RETURN_IF_ERROR(ReadStrictJson(json, file, builder.Visitor()));
  return builder.Finish(data_bytes);
}

Result<ShardIndex> ParseShardIndex(std::string_view json, const std::string& file) {
  ShardIndex index;
  bool has_total = false;
  const auto broken = [&](const std::string& rule) { return InvalidArgument(file + ": " + rule); };
  const JsonVisitor visitor{
      .key = [&](const Path&) { return OkStatus(); },
      .list =
          [&](const Path& path) {
            return broken((path.empty() ? "the index" : path.back()) + " must not be a list");
          },
      .object =
          [&](const Path& path) {
            if (path.size() <= 1) return OkStatus();
            return broken(path.back() + " must not be an object");
          },
      .scalar =
          [&](const Path& path, bool, const JsonScalar& scalar) {
            if (path[0] == "weight_map") {
              if (path.size() != 2 || scalar.kind != JsonScalar::Kind::kString ||
                  !IsShardName(scalar.text)) {
                return broken(
                    "weight_map must name files of letters, digits, '.', '_', '-' that end "
                    "with .safetensors: " +
                    scalar.text.substr(0, 80));
              }
              if (index.entries.size() >= kMaxTensors) {
                return broken(Format("must have at most {} tensors", kMaxTensors));
              }
              index.entries.push_back({path[1], scalar.text});
            } else if (path == Path{"metadata", "total_size"}) {
              if (scalar.kind != JsonScalar::Kind::kUnsigned) {
                return broken("metadata.total_size must be an integer");
              }
              index.total_size = scalar.number;
              has_total = true;
            }
            return OkStatus();
          }};
  WINNOW_RETURN_IF_ERROR(ReadStrictJson(json, file, visitor));
  if (!has_total) return broken("metadata.total_size must be there: missing");
  if (index.entries.empty()) return broken("weight_map must name tensors: missing");
  std::sort(index.entries.begin(), index.entries.end(),
            [](const auto& a, const auto& b) { return a.tensor < b.tensor; });
  return index;
}

SafetensorsFile::SafetensorsFile(RandomAccessFile file, uint64_t data_begin,
                                 std::vector<TensorInfo> tensors)
    : file_(std::move(file)), data_begin_(data_begin), tensors_(std::move(tensors)) {
  by_name_.resize(tensors_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](uint32_t a, uint32_t b) { return tensors_[a].name < tensors_[b].name; });
}

Result<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  WINNOW_ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
  const uint64_t size = file.size_bytes();
  if (size < 8) {
    return InvalidArgument(Format("{}: must have at least 8 bytes: {}", path, size));
  }
  std::array<unsigned char, 8> length_bytes;
  WINNOW_RETURN_IF_ERROR(file.Read(0, 8, length_bytes.data()));
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | length_bytes[static_cast<size_t>(i)];
  if (length > kMaxHeaderBytes) {
    return InvalidArgument(
        Format("{}: header must have at most {} bytes: {}", path, kMaxHeaderBytes, length));
  }
  if (length > size - 8) {
    return InvalidArgument(
        Format("{}: header of {} bytes must lie inside the file of {} bytes", path, length, size));
  }
  std::string json(length, '\0');
  WINNOW_RETURN_IF_ERROR(file.Read(8, length, json.data()));
  WINNOW_ASSIGN_OR_RETURN(std::vector<TensorInfo> tensors,
                          ParseSafetensorsHeader(json, size - 8 - length, path));
  return SafetensorsFile(std::move(file), 8 + length, std::move(tensors));
}

const TensorInfo* SafetensorsFile::Find(std::string_view name) const {
  const auto it = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](uint32_t i, std::string_view wanted) { return tensors_[i].name < wanted; });
  return it != by_name_.end() && tensors_[*it].name == name ? &tensors_[*it] : nullptr;
}

Status SafetensorsFile::ReadRaw(const TensorInfo& tensor, uint64_t first, uint64_t count,
                                void* out) const {
  WINNOW_CHECK_LE(first, tensor.num_elements);
  WINNOW_CHECK_LE(count, tensor.num_elements - first);
  const uint64_t width = DtypeBytes(tensor.dtype);
  return file_.Read(data_begin_ + tensor.begin + first * width, count * width, out);
}

namespace {

// out[i] = to_real(element i of bytes).
template <typename Stored, typename Real, typename Convert>
void ConvertAll(const std::byte* bytes, uint64_t count, Convert to_real, Real* out) {
  for (uint64_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
    out[i] = static_cast<Real>(to_real(stored));
  }
}

// False for another dtype than the four.
template <typename Real>
bool ConvertFrom(std::string_view dtype, const std::byte* bytes, uint64_t count, Real* out) {
  const auto same = [](auto x) { return x; };
  if (dtype == "F32") {
    ConvertAll<float>(bytes, count, same, out);
  } else if (dtype == "BF16") {
    ConvertAll<uint16_t>(bytes, count, device::FloatFromBf16, out);
  } else if (dtype == "F16") {
    ConvertAll<uint16_t>(bytes, count, FloatFromF16, out);
  } else if (dtype == "F64") {
    ConvertAll<double>(bytes, count, same, out);
  } else {
    return false;
  }
  return true;
}

constexpr uint64_t kBytesPerPiece = 128 << 10;  // read, then converted while the cache holds it

}  // namespace

template <typename Real>
Status SafetensorsFile::ReadReals(const TensorInfo& tensor, uint64_t first, uint64_t count,
                                  Real* out) const {
  const uint64_t width = DtypeBytes(tensor.dtype);
  const uint64_t piece = kBytesPerPiece / std::max<uint64_t>(width, 1);
  const auto bytes = std::make_unique_for_overwrite<std::byte[]>(std::min(count, piece) * width);
  for (uint64_t done = 0; done < count; done += piece) {
    const uint64_t now = std::min(piece, count - done);
    WINNOW_RETURN_IF_ERROR(ReadRaw(tensor, first + done, now, bytes.get()));
    if (!ConvertFrom(tensor.dtype, bytes.get(), now, out + done)) {
      return InvalidArgument(Format("{}: tensor {} must have dtype F32, BF16 or F16: {}", path(),
                                    tensor.name, tensor.dtype));
    }
  }
  return OkStatus();
}

template Status SafetensorsFile::ReadReals<float>(const TensorInfo&, uint64_t, uint64_t,
                                                  float*) const;
template Status SafetensorsFile::ReadReals<double>(const TensorInfo&, uint64_t, uint64_t,
                                                   double*) const;

}  // namespace winnow::model
