#include "model/tokenizer_stream.h"

namespace winnow::model {

std::string StreamDecoder::Push(int32_t id) { return repairer_.Push(tokenizer_->TokenBytes(id)); }

std::string StreamDecoder::Finish() { return repairer_.Finish(); }

}  // namespace winnow::model
