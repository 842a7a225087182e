#include "model/export.h"

#include <unistd.h>

#include <filesystem>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"
#include "model/safetensors_writer.h"
#include "model/weight_files.h"

namespace winnow::model {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxShardBytes = 5'000'000'000;
// What lies beside the weights in a Hugging Face folder, besides config.json.
constexpr const char* kCompanions[] = {"generation_config.json",
                                       "tokenizer.json",
                                       "tokenizer_config.json",
                                       "special_tokens_map.json",
                                       "chat_template.jinja",
                                       "vocab.json",
                                       "merges.txt",
                                       "added_tokens.json"};

Status CopyFile(const std::string& from, const std::string& to) {
  WINNOW_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(from));
  WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Create(to));
  WINNOW_RETURN_IF_ERROR(file.Write(bytes));
  return file.Sync();
}

Status CopyCompanions(const fs::path& source, const fs::path& folder) {
  for (const char* name : kCompanions) {
    std::error_code ignored;
    if (!fs::exists(source / name, ignored)) continue;
    WINNOW_RETURN_IF_ERROR(CopyFile((source / name).string(), (folder / name).string()));
  }
  return OkStatus();
}

// out[i] = values[first + i], in float32.
template <typename Real>
TensorToWrite StoredTensor(const std::string& name, const Parameter& parameter,
                           const Real* values) {
  return {.name = name,
          .shape = {parameter.shape.begin(), parameter.shape.end()},
          .values = [values](uint64_t first, std::span<float> out) {
            for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(values[first + i]);
          }};
}

// W + s·B·A, element by element: Σ over the rank ascending, then s, then W.
template <typename Real>
TensorToWrite MergedTensor(const Parameter& weight, const Real* w, const Adapters<Real>& adapters,
                           const typename Adapters<Real>::Pair& pair) {
  const Real* a = adapters.values().data() + pair.a->offset;  // [rank, k]
  const Real* b = adapters.values().data() + pair.b->offset;  // [n, rank]
  const size_t rank = pair.a->shape[0], k = pair.a->shape[1];
  const Real scale = static_cast<Real>(adapters.scale());
  return {.name = weight.name,
          .shape = {weight.shape.begin(), weight.shape.end()},
          .values = [=](uint64_t first, std::span<float> out) {
            for (size_t i = 0; i < out.size(); ++i) {
              const size_t row = (first + i) / k, column = (first + i) % k;
              Real sum = 0;
              for (size_t r = 0; r < rank; ++r) sum += b[row * rank + r] * a[r * k + column];
              out[i] = static_cast<float>(w[first + i] + scale * sum);
            }
          }};
}

template <typename Real>
std::vector<TensorToWrite> MergedTensors(const BaseWeights<Real>& base,
                                         const Adapters<Real>* adapters) {
  std::vector<TensorToWrite> tensors;
  constexpr std::string_view kWeight = ".weight";
  for (const Parameter& parameter : base.layout().parameters()) {
    const Real* values = base.values().data() + parameter.offset;
    const typename Adapters<Real>::Pair* pair = nullptr;
    if (adapters != nullptr && parameter.name.ends_with(kWeight)) {
      pair = adapters->Find(parameter.name.substr(0, parameter.name.size() - kWeight.size()));
    }
    tensors.push_back(pair == nullptr ? StoredTensor(parameter.name, parameter, values)
                                      : MergedTensor(parameter, values, *adapters, *pair));
  }
  return tensors;
}

template <typename Real>
Status WriteMerged(const BaseWeights<Real>& base, const Adapters<Real>* adapters,
                   const std::string& source, const std::string& folder) {
  WINNOW_RETURN_IF_ERROR(CopyFile((fs::path(source) / "config.json").string(),
                                  (fs::path(folder) / "config.json").string()));
  return WriteSafetensors(folder, "model", SafetensorsDtype(base.config().stored_dtype),
                          MergedTensors(base, adapters), kMaxShardBytes);
}

template <typename Real>
Status WriteAdapter(const BaseWeights<Real>& base, const Adapters<Real>& adapters,
                    const std::string& source, const std::string& folder) {
  WINNOW_ASSIGN_OR_RETURN(
      WritableFile file, WritableFile::Create((fs::path(folder) / "adapter_config.json").string()));
  WINNOW_RETURN_IF_ERROR(file.Write(AdapterConfigJson(base.config(), adapters.options(), source)));
  WINNOW_RETURN_IF_ERROR(file.Sync());
  std::vector<TensorToWrite> tensors;
  for (const Parameter& parameter : adapters.layout().parameters()) {
    tensors.push_back(
        StoredTensor(parameter.name, parameter, adapters.values().data() + parameter.offset));
  }
  return WriteSafetensors(folder, "adapter_model", "F32", tensors, kMaxShardBytes);
}

}  // namespace

template <typename Real>
Status ExportPolicy(const BaseWeights<Real>& base, const Adapters<Real>* adapters, ExportKind kind,
                    const std::string& source_folder, const std::string& folder) {
  if (kind == ExportKind::kAdapter && adapters == nullptr) {
    return InvalidArgument("an adapter can be exported only from a run with model.lora_rank > 0");
  }
  std::error_code error;
  if (fs::exists(folder, error) && (!fs::is_directory(folder, error) || !fs::is_empty(folder))) {
    return InvalidArgument(folder + ": must not exist or be an empty folder, to export into");
  }
  const std::string target = fs::path(folder).lexically_normal().string();
  const std::string trimmed =
      target.size() > 1 && target.back() == '/' ? target.substr(0, target.size() - 1) : target;
  const std::string temporary = Format("{}.tmp-{}", trimmed, ::getpid());
  fs::remove_all(temporary, error);
  fs::create_directories(temporary, error);
  if (error) return Unavailable(Format("{} ({})", temporary, error.message()));
  Status status = kind == ExportKind::kMerged
                      ? WriteMerged(base, adapters, source_folder, temporary)
                      : WriteAdapter(base, *adapters, source_folder, temporary);
  if (status.ok()) status = CopyCompanions(source_folder, temporary);
  if (status.ok()) status = SyncFolder(temporary);
  if (status.ok()) status = RenameDurably(temporary, trimmed);
  if (!status.ok()) fs::remove_all(temporary, error);
  return status;
}

template Status ExportPolicy<float>(const BaseWeights<float>&, const Adapters<float>*, ExportKind,
                                    const std::string&, const std::string&);
template Status ExportPolicy<double>(const BaseWeights<double>&, const Adapters<double>*,
                                     ExportKind, const std::string&, const std::string&);

}  // namespace winnow::model
