#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/format.h"
#include "reward/plugin/plugin.h"

namespace winnow::reward {

// A Python file of a user in a folder of its own, and verifiers made of its functions.
class UserFile {
 public:
  explicit UserFile(const std::string& source) {
    char name[] = "/tmp/winnow_user_XXXXXX";
    folder_ = mkdtemp(name);
    EXPECT_TRUE(WriteFileAtomically(path(), source).ok());
  }
  ~UserFile() { std::filesystem::remove_all(folder_); }

  const std::string& folder() const { return folder_; }
  std::string path() const { return folder_ + "/user.py"; }

  Result<std::unique_ptr<Verifier>> Make(FunctionChoice choice,
                                         const PluginSettings& settings = {.retries = 0}) const {
    choice.path = path();
    return MakeFunctionVerifier(choice, settings);
  }
  // The message of the mistake in making it; "" if there is none.
  std::string MistakeOf(FunctionChoice choice) const {
    const auto verifier = Make(std::move(choice));
    return verifier.ok() ? "" : verifier.status().message();
  }

 private:
  std::string folder_;
};

inline std::vector<std::string> Judge(Verifier* verifier, const std::vector<Sample>& samples) {
  std::vector<Verdict> verdicts(samples.size());
  verifier->Verify(samples, Deadline::Never(), verdicts);
  std::vector<std::string> texts;
  for (const Verdict& verdict : verdicts) texts.push_back(verdict.ToString());
  return texts;
}

}  // namespace winnow::reward
