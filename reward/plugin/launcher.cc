#include "reward/plugin/launcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/format.h"
#include "reward/plugin/embedded.h"

namespace winnow::reward::plugin {
namespace {

using Json = nlohmann::json;

constexpr int kHighDescriptor = 100;  // above those that a child's own take

// Names that a worker's environment may hold: no key, no token, nothing of the run.
constexpr const char* kEnvironment[] = {"PATH",
                                        "HOME",
                                        "USER",
                                        "LANG",
                                        "LC_ALL",
                                        "LC_CTYPE",
                                        "PYTHONPATH",
                                        "TZ",
                                        "TERM",
                                        "TMPDIR",
                                        "LD_LIBRARY_PATH",
                                        "VIRTUAL_ENV",
                                        "CUDA_VISIBLE_DEVICES"};

std::vector<std::string> WorkerEnvironment() {
  std::vector<std::string> environment;
  for (const char* name : kEnvironment) {
    const char* value = std::getenv(name);
    if (value != nullptr) environment.push_back(Format("{}={}", name, value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Status Failed(const char* what) {
  return Unavailable(Format("{} failed: {}", what, std::strerror(errno)));
}

struct SocketPair {
  Descriptor host, worker;
};

Result<SocketPair> MakeSocketPair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Failed("socketpair");
  SocketPair pair{Descriptor(ends[0]), Descriptor(ends[1])};
  pair.worker = Descriptor(fcntl(pair.worker.get(), F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!pair.worker.is_open()) return Failed("fcntl");
  return pair;
}

// A file in memory that holds `bytes`, for a child to run or read by /proc/self/fd/N.
Result<Descriptor> MemoryFile(const char* name, std::string_view bytes) {
  const int made = memfd_create(name, MFD_CLOEXEC);
  if (made < 0) return Failed("memfd_create");
  Descriptor low(made);
  Descriptor file(fcntl(made, F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!file.is_open()) return Failed("fcntl");
  while (!bytes.empty()) {
    const ssize_t size = write(file.get(), bytes.data(), bytes.size());
    if (size < 0) return Failed("write");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return file;
}

// The list of what a child does to its descriptors before it runs the reaper.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  void Duplicate(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void OpenEmpty(int to) {
    posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", O_RDONLY, 0);
  }
  void ChangeFolder(const std::string& folder) {
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Waits until the worker says that it is ready; a fatal frame is the user's mistake.
Status AwaitReady(WorkerProcess* worker, const std::string& program, PluginInfo* info) {
  std::string message;
  switch (worker->Receive(&message, Deadline::After(kStartSeconds))) {
    case WorkerProcess::Received::kMessage:
      break;
    case WorkerProcess::Received::kTimeout:
      worker->End(/*let_end=*/false);
      return Unavailable(Format("{}: not ready within {} s", program, kStartSeconds));
    default:
      return Unavailable(
          Format("{}: ended with {} before it was ready", program, worker->End(/*let_end=*/true)));
  }
  const Json hello = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (hello.is_object() && hello.contains("fatal")) {
    worker->End(/*let_end=*/true);
    const Json& fatal = hello["fatal"];
    return InvalidArgument(fatal.is_string() ? fatal.get<std::string>() : fatal.dump());
  }
  if (!hello.is_object() || hello.value("ready", Json()) != true) {
    return Unavailable(Format("{}: its first frame must be {{\"ready\":true}}: {}", program,
                              CleanReason(message)));
  }
  const auto text = [&](const char* key) {
    const Json value = hello.value(key, Json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  info->name = text("name");
  info->version = text("version");
  info->style = text("style");
  info->whole_group = hello.value("whole_group", Json()) == true;
  info->deterministic = hello.value("deterministic", Json()) != false;
  for (const Json& note : hello.value("notes", Json::array())) {
    if (note.is_string()) info->notes.push_back(note.get<std::string>());
  }
  return OkStatus();
}

// Sends one byte with two descriptors.
bool SendDescriptors(int socket, int first, int second) {
  char byte = 0;
  iovec part{&byte, 1};
  const int descriptors[2] = {first, second};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(descriptors))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof(space);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(header), descriptors, sizeof(descriptors));
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == 1;
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> StartCommand(const CommandOptions& options, OutputLog* log) {
  WINNOW_ASSIGN_OR_RETURN(SocketPair data, MakeSocketPair());
  WINNOW_ASSIGN_OR_RETURN(SocketPair control, MakeSocketPair());
  WINNOW_ASSIGN_OR_RETURN(const Descriptor reaper, MemoryFile("winnow_reaper", ReaperImage()));
  FileActions actions;
  if (!options.debug) {
    const bool lines = options.framing == Framing::kLines;
    if (lines) {
      actions.Duplicate(data.worker.get(), STDIN_FILENO);
    } else {
      actions.OpenEmpty(STDIN_FILENO);
    }
    actions.Duplicate(lines ? data.worker.get() : log->descriptor(), STDOUT_FILENO);
    actions.Duplicate(log->descriptor(), STDERR_FILENO);
  }
  actions.Duplicate(data.worker.get(), 3);
  actions.Duplicate(control.worker.get(), 4);
  if (!options.folder.empty()) actions.ChangeFolder(options.folder);
  std::vector<std::string> arguments = {"winnow_reaper", options.debug ? "0" : "1"};
  arguments.insert(arguments.end(), options.command.begin(), options.command.end());
  std::vector<std::string> environment = WorkerEnvironment();
  const std::string program = Format("/proc/self/fd/{}", reaper.get());
  pid_t pid = 0;
  errno = posix_spawn(&pid, program.c_str(), actions.get(), nullptr, Pointers(&arguments).data(),
                      Pointers(&environment).data());
  if (errno != 0) return Failed("posix_spawn");
  return std::make_unique<WorkerProcess>(std::move(data.host), std::move(control.host),
                                         options.framing, pid);
}

Result<std::unique_ptr<WorkerProcess>> CommandLauncher::Launch(PluginInfo* info) {
  WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<WorkerProcess> worker, StartCommand(options_, log_));
  // Programs that speak lines need not know of anything but samples and verdicts.
  if (options_.framing == Framing::kBinary) {
    WINNOW_RETURN_IF_ERROR(AwaitReady(worker.get(), options_.command.front(), info));
  }
  return worker;
}

Status ZygoteLauncher::StartZygote() {
  WINNOW_ASSIGN_OR_RETURN(zygote_, StartCommand(options_, log_));
  info_ = {};
  const Status ready = AwaitReady(zygote_.get(), options_.command.front(), &info_);
  if (!ready.ok()) zygote_.reset();
  return ready;
}

Result<std::unique_ptr<WorkerProcess>> ZygoteLauncher::Launch(PluginInfo* info) {
  const std::lock_guard lock(mutex_);
  WINNOW_ASSIGN_OR_RETURN(SocketPair data, MakeSocketPair());
  WINNOW_ASSIGN_OR_RETURN(SocketPair control, MakeSocketPair());
  for (bool is_new = false;; is_new = true) {
    if (zygote_ == nullptr) WINNOW_RETURN_IF_ERROR(StartZygote());
    if (SendDescriptors(zygote_->data(), data.worker.get(), control.worker.get())) break;
    zygote_.reset();
    if (is_new) return Unavailable("the Python worker ended");
  }
  *info = info_;
  return std::make_unique<WorkerProcess>(std::move(data.host), std::move(control.host),
                                         Framing::kBinary, /*keeper=*/0);
}

}  // namespace winnow::reward::plugin
