#include "tests/support/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace winnow::testing_support {
namespace {

std::string TemporaryFile() {
  char name[] = "/tmp/winnow_program_XXXXXX";
  const int descriptor = mkstemp(name);
  if (descriptor >= 0) close(descriptor);
  return name;
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::remove(path.c_str());
  return text.str();
}

pid_t Start(const std::vector<std::string>& arguments, const std::string& in,
            const std::string& out, const std::string& err) {
  const pid_t child = fork();
  if (child != 0) return child;
  const auto redirect = [](const std::string& path, int flags, int target) {
    const int descriptor = open(path.c_str(), flags, 0600);
    if (descriptor < 0 || dup2(descriptor, target) < 0) _exit(127);
  };
  redirect(in, O_RDONLY, STDIN_FILENO);
  redirect(out, O_WRONLY | O_TRUNC | O_CREAT, STDOUT_FILENO);
  redirect(err, O_WRONLY | O_TRUNC | O_CREAT, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

ProgramResult RunProgram(const std::vector<std::string>& arguments, const std::string& input) {
  const std::string in = TemporaryFile();
  const std::string out = TemporaryFile();
  const std::string err = TemporaryFile();
  std::ofstream(in, std::ios::binary) << input;
  const pid_t child = Start(arguments, in, out, err);
  int status = 0;
  waitpid(child, &status, 0);
  std::remove(in.c_str());
  ProgramResult result{.out = Slurp(out), .err = Slurp(err)};
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

bool KillProgramWhen(const std::vector<std::string>& arguments,
                     const std::function<bool()>& is_time) {
  const pid_t child = Start(arguments, "/dev/null", "/dev/null", "/dev/null");
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (!is_time()) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status);
  }
  return false;
}

}  // namespace winnow::testing_support
