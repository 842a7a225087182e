#include "model/tokenizer_added.h"

#include <algorithm>

#include "base/check.h"
#include "model/unicode.h"

namespace winnow::model {
namespace {

uint32_t LastCharOf(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return DecodeUtf8(text, at).code_point;
}

bool EndsWithWord(std::string_view text) {
  return !text.empty() && IsWordCharacter(LastCharOf(text));
}

bool StartsWithWord(std::string_view text) {
  return !text.empty() && IsWordCharacter(DecodeUtf8(text, 0).code_point);
}

// Where the white space at the end of `text` begins.
size_t TrailingSpaceBegin(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0) {
    size_t at = begin - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    if (!IsUnicodeSpace(DecodeUtf8(text, at).code_point)) break;
    begin = at;
  }
  return begin;
}

size_t LeadingSpaceEnd(std::string_view text) {
  size_t end = 0;
  while (end < text.size()) {
    const DecodedChar next = DecodeUtf8(text, end);
    if (!IsUnicodeSpace(next.code_point)) break;
    end += next.size_bytes;
  }
  return end;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), nodes_(1) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    WINNOW_CHECK(!content.empty());
    begins_[static_cast<uint8_t>(content[0])] = true;
    int32_t node = 0;
    for (char c : content) {
      const auto byte = static_cast<uint8_t>(c);
      int32_t child = Child(node, byte);
      if (child < 0) {
        child = static_cast<int32_t>(nodes_.size());
        nodes_[static_cast<size_t>(node)].children.emplace_back(byte, child);
        nodes_.emplace_back();
      }
      node = child;
    }
    WINNOW_CHECK_LT(nodes_[static_cast<size_t>(node)].token, 0);
    nodes_[static_cast<size_t>(node)].token = static_cast<int32_t>(i);
  }
}

int32_t AddedTokenFinder::Child(int32_t node, uint8_t byte) const {
  for (const auto& [label, child] : nodes_[static_cast<size_t>(node)].children) {
    if (label == byte) return child;
  }
  return -1;
}

const AddedToken* AddedTokenFinder::LongestAt(std::string_view text, size_t at) const {
  if (!begins_[static_cast<uint8_t>(text[at])]) return nullptr;
  const AddedToken* longest = nullptr;
  int32_t node = 0;
  for (; at < text.size(); ++at) {
    node = Child(node, static_cast<uint8_t>(text[at]));
    if (node < 0) break;
    const int32_t token = nodes_[static_cast<size_t>(node)].token;
    if (token >= 0) longest = &tokens_[static_cast<size_t>(token)];
  }
  return longest;
}

std::vector<AddedPart> AddedTokenFinder::Split(std::string_view text) const {
  std::vector<AddedPart> parts;
  size_t done = 0;  // text before this is in parts
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = LongestAt(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + token->content.size();
    at = end;
    if (token->single_word &&
        (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(end)))) {
      continue;
    }
    if (token->lstrip) {
      begin = begin > done ? done + TrailingSpaceBegin(text.substr(done, begin - done)) : done;
    }
    if (token->rstrip) {
      end = std::max(end, done);  // only white space lies between
      end += LeadingSpaceEnd(text.substr(end));
    }
    if (done < begin) parts.push_back({{done, begin}, -1});
    parts.push_back({{begin, end}, token->id});
    done = end;
  }
  if (done < text.size()) parts.push_back({{done, text.size()}, -1});
  return parts;
}

}  // namespace winnow::model
