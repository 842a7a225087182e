#include "reward/sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "reward/sandbox/init_image.h"
#include "reward/sandbox/memory_kills.h"
#include "reward/sandbox/seccomp_filter.h"

namespace winnow::reward::sandbox {
namespace {

constexpr double kStartSeconds = 10.0;
constexpr double kAnswerSeconds = 10.0;  // behind the wall limit of a run
constexpr const char* kTmpBytes = "67108864";

std::string ErrorText() { return std::strerror(errno); }

// The init's image as a memory file of this process, made once.
Result<int> InitFile() {
  static const int file = [] {
    const int fd = memfd_create("winnow-sandbox-init", MFD_CLOEXEC);
    const std::string_view image = InitImage();
    if (fd < 0 || write(fd, image.data(), image.size()) != static_cast<ssize_t>(image.size())) {
      return -1;
    }
    return fd;
  }();
  if (file < 0) return Unavailable("sandbox: no memory file for the init");
  return file;
}

// The seccomp program, built once.
const Result<std::string>& Filter() {
  static const Result<std::string> filter = BuildSeccompFilter();
  return filter;
}

// A user without an entry in the user database: what root becomes, "-" for anyone else.
const std::string& SandboxUser() {
  static const std::string user = [] {
    if (geteuid() != 0 && getuid() != 0) return std::string("-");
    uid_t id = 64900;
    while (getpwuid(id) != nullptr) ++id;
    return Format("{}", id);
  }();
  return user;
}

void AddMount(std::vector<std::string>* arguments, const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return;
  if (!S_ISLNK(info.st_mode)) {
    arguments->insert(arguments->end(), {"--ro-bind", path, path});
    return;
  }
  char target[256];
  const ssize_t size = readlink(path.c_str(), target, sizeof(target));
  if (size <= 0) return;
  arguments->insert(arguments->end(),
                    {"--symlink", std::string(target, static_cast<size_t>(size)), path});
}

// The command line from the init's outer half to its inner one.
std::vector<std::string> CommandLine() {
  std::vector<std::string> arguments = {
      "winnow-sandbox", "launch",        SandboxUser(),         "bwrap",
      "--unshare-user", "--unshare-all", "--disable-userns",    "--die-with-parent",
      "--new-session",  "--clearenv",    "--as-pid-1",          "--hostname",
      "sandbox",        "--info-fd",     Format("{}", kInfoFd), "--ro-bind",
      "/usr",           "/usr"};
  for (const char* path : {"/bin", "/lib", "/lib32", "/lib64", "/sbin"}) {
    AddMount(&arguments, path);
  }
  const char* const rest[] = {"--ro-bind-try",
                              "/etc/alternatives",
                              "/etc/alternatives",
                              "--ro-bind-try",
                              "/etc/ld.so.cache",
                              "/etc/ld.so.cache",
                              "--proc",
                              "/proc",
                              "--dev",
                              "/dev",
                              "--remount-ro",
                              "/dev",
                              "--size",
                              kTmpBytes,
                              "--tmpfs",
                              "/tmp",
                              "--size",
                              kTmpBytes,
                              "--tmpfs",
                              "/box",
                              "--perms",
                              "0555",
                              "--file"};
  arguments.insert(arguments.end(), std::begin(rest), std::end(rest));
  const std::pair<const char*, const char*> environment[] = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
      {"HOME", "/tmp"},
      {"TMPDIR", "/tmp"},
      {"LANG", "C.UTF-8"},
      {"PYTHONHASHSEED", "0"},
      {"OMP_NUM_THREADS", "1"},
      {"OPENBLAS_NUM_THREADS", "1"}};
  arguments.insert(arguments.end(), {Format("{}", kImageFd), "/init"});
  for (const auto& [name, value] : environment) {
    arguments.insert(arguments.end(), {"--setenv", name, value});
  }
  arguments.insert(arguments.end(), {"--chdir", "/tmp", "--remount-ro", "/", "--", "/init"});
  return arguments;
}

// A copy above the numbers that the child will use.
Descriptor Lifted(const Descriptor& fd) { return Descriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, 16)); }

// Starts the init's image with our ends of its descriptors; the child inherits nothing else.
Status Spawn(const Descriptor& control, const Descriptor& info, const Descriptor& complaints,
             pid_t* child) {
  WINNOW_ASSIGN_OR_RETURN(const int file, InitFile());
  // A description of its own: bubblewrap reads it from its start.
  const Descriptor image(open(Format("/proc/self/fd/{}", file).c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::pair<Descriptor, int> places[] = {
      {Lifted(null), 0},       {Lifted(complaints), 1},
      {Lifted(complaints), 2}, {Lifted(control), kControlFd},
      {Lifted(info), kInfoFd}, {Lifted(image), kImageFd}};
  // In a session of its own, so that the terminal's Ctrl-C reaches us alone; signals as at start.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [fd, place] : places) {
    posix_spawn_file_actions_adddup2(&actions, fd.get(), place);
  }
  std::vector<std::string> arguments = CommandLine();
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
  char* const environment[] = {path, nullptr};
  const std::string program = Format("/proc/self/fd/{}", kImageFd);
  const int error =
      posix_spawn(child, program.c_str(), &actions, &attributes, pointers.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Unavailable(Format("sandbox: cannot start: {}", std::strerror(error)));
  return OkStatus();
}

int PollMs(double deadline_s) {
  const double left_s = deadline_s - MonotonicSeconds();
  return left_s > 1e6 ? -1 : static_cast<int>(std::ceil(std::max(0.0, left_s) * 1000.0));
}

// Waits for input or an end of file; false at the deadline.
bool AwaitInput(int fd, double deadline_s) {
  for (;;) {
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, PollMs(deadline_s));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// The process id in bubblewrap's `{"child-pid": N, …}`; 0 if it said nothing.
pid_t ReadChildId(int fd, double deadline_s) {
  std::string text;
  char block[512];
  while (text.find('}') == std::string::npos && AwaitInput(fd, deadline_s)) {
    const ssize_t got = read(fd, block, sizeof(block));
    if (got <= 0) break;
    text.append(block, static_cast<size_t>(got));
  }
  const size_t key = text.find("\"child-pid\":");
  return key == std::string::npos ? 0 : static_cast<pid_t>(std::atoi(text.c_str() + key + 12));
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace

Sandbox::Sandbox(Sandbox&& other) noexcept
    : control_(std::move(other.control_)),
      complaints_(std::move(other.complaints_)),
      init_process_(std::move(other.init_process_)),
      init_id_(other.init_id_),
      bubblewrap_(std::exchange(other.bubblewrap_, -1)) {}

Sandbox::~Sandbox() { Kill(); }

Result<Sandbox> Sandbox::Start() {
  WINNOW_RETURN_IF_ERROR(Filter().ok() ? OkStatus() : Filter().status());
  Sandbox sandbox;
  WINNOW_RETURN_IF_ERROR(sandbox.Launch());
  WINNOW_RETURN_IF_ERROR(sandbox.AwaitReady());
  WINNOW_RETURN_IF_ERROR(sandbox.Send(FrameType::kFilter, {*Filter()}));
  return sandbox;
}

Status Sandbox::Launch() {
  int sockets[2], pipe[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Unavailable("sandbox: no socket: " + ErrorText());
  }
  control_ = Descriptor(sockets[0]);
  const Descriptor init_end(sockets[1]);
  if (pipe2(pipe, O_CLOEXEC) != 0) return Unavailable("sandbox: no pipe: " + ErrorText());
  const Descriptor info(pipe[0]);
  Descriptor info_end(pipe[1]);
  complaints_ = Descriptor(memfd_create("winnow-sandbox-stderr", MFD_CLOEXEC));
  WINNOW_RETURN_IF_ERROR(Spawn(init_end, info_end, complaints_, &bubblewrap_));
  info_end.Close();
  init_id_ = ReadChildId(info.get(), MonotonicSeconds() + kStartSeconds);
  if (init_id_ > 0) {
    init_process_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, init_id_, 0)));
  }
  if (!init_process_.is_open()) return Broken("bubblewrap did not start");
  return OkStatus();
}

Status Sandbox::AwaitReady() {
  FrameType type{};
  const auto frame = Receive(&type, MonotonicSeconds() + kStartSeconds);
  if (!frame.ok() || type != FrameType::kReady) return Broken("its init did not start");
  return OkStatus();
}

Status Sandbox::PutFile(std::string_view name, std::string_view content) {
  WINNOW_CHECK(!name.empty() && name.find('/') == std::string_view::npos);
  const FileHeader header{static_cast<uint32_t>(name.size()),
                          static_cast<uint32_t>(content.size())};
  return Send(FrameType::kFile, {BytesOf(header), name, content});
}

Result<RunResult> Sandbox::Run(const RunRequest& request, Deadline deadline) {
  std::string arguments;
  for (const std::string& argument : request.arguments) {
    arguments.append(argument).push_back('\0');
  }
  RunHeader header{};
  header.limits = request.limits;
  header.flags = request.flags;
  header.argument_bytes = static_cast<uint32_t>(arguments.size());
  header.stdin_bytes = static_cast<uint32_t>(request.stdin_bytes.size());
  const uint64_t kills_before = MemoryKills();
  WINNOW_RETURN_IF_ERROR(Send(FrameType::kRun, {BytesOf(header), arguments, request.stdin_bytes}));
  const double wall_s = static_cast<double>(request.limits.wall_us) * 1e-6;
  const double until_s =
      std::min(deadline.monotonic_seconds(), MonotonicSeconds() + wall_s + kAnswerSeconds);
  FrameType type{};
  const Result<std::string> frame = Receive(&type, until_s);
  if (!frame.ok()) {
    if (deadline.IsOver()) return DeadlineExceeded("sandbox: no end before the deadline");
    return Broken(frame.status().message());
  }
  if (type == FrameType::kFailed) return Unavailable("sandbox: " + *frame);
  std::optional<RunResult> result;
  if (type == FrameType::kEnded) result = ReadRunResult(*frame);
  if (!result) return Broken("bad answer");
  if (!result->succeeded() && MemoryKills() > kills_before) {
    return Unavailable("sandbox: the machine ran out of memory");
  }
  return *std::move(result);
}

Status Sandbox::Send(FrameType type, std::initializer_list<std::string_view> pieces) {
  FrameHeader header{type, 0};
  for (const std::string_view piece : pieces) {
    header.size_bytes += static_cast<uint32_t>(piece.size());
  }
  std::string frame(BytesOf(header));
  for (const std::string_view piece : pieces) frame.append(piece);
  for (size_t sent = 0; sent < frame.size();) {
    const ssize_t put =
        send(control_.get(), frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return Broken("its init has gone");
    sent += static_cast<size_t>(put);
  }
  return OkStatus();
}

Status Sandbox::ReadExactly(void* data, size_t size, double deadline_s) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    if (!AwaitInput(control_.get(), deadline_s)) return DeadlineExceeded("no answer in time");
    const ssize_t got = read(control_.get(), at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Unavailable("its init has gone");
    at += got;
    size -= static_cast<size_t>(got);
  }
  return OkStatus();
}

Result<std::string> Sandbox::Receive(FrameType* type, double deadline_s) {
  FrameHeader header;
  WINNOW_RETURN_IF_ERROR(ReadExactly(&header, sizeof(header), deadline_s));
  if (header.size_bytes > kMaxFrameBytes) return Unavailable("bad answer");
  std::string payload(header.size_bytes, '\0');
  WINNOW_RETURN_IF_ERROR(ReadExactly(payload.data(), payload.size(), deadline_s));
  *type = header.type;
  return payload;
}

// What went wrong, with what bubblewrap had to say of it. Ends the sandbox.
Status Sandbox::Broken(std::string_view what) {
  Kill();
  char text[512];
  const ssize_t size = pread(complaints_.get(), text, sizeof(text), 0);
  std::string_view said(text, size > 0 ? static_cast<size_t>(size) : 0);
  while (said.ends_with('\n')) said.remove_suffix(1);
  return Unavailable(Format("sandbox: {}{}{}", what, said.empty() ? "" : ": ", said));
}

// SIGKILL to process 1 ends the whole process namespace: it counts as ended, which its descriptor
// says, when all others in it are gone. Then bubblewrap, its parent, ends.
void Sandbox::Kill() {
  control_.Close();
  if (bubblewrap_ <= 0) return;
  if (init_process_.is_open()) {
    syscall(SYS_pidfd_send_signal, init_process_.get(), SIGKILL, nullptr, 0);
    AwaitInput(init_process_.get(), MonotonicSeconds() + kAnswerSeconds);
  } else {
    kill(bubblewrap_, SIGKILL);
  }
  while (waitpid(bubblewrap_, nullptr, 0) < 0 && errno == EINTR) {
  }
  bubblewrap_ = -1;
}

Result<std::string> DescribeSandbox() {
  Result<Sandbox> sandbox = Sandbox::Start();
  if (!sandbox.ok()) return FailedPrecondition(sandbox.status().message());
  const Result<RunResult> result = sandbox->Run({.arguments = {"/usr/bin/true"}});
  if (!result.ok()) return FailedPrecondition(result.status().message());
  if (!result->succeeded()) {
    return FailedPrecondition(Format("sandbox: /usr/bin/true ended with {}", result->code));
  }
  const long abi = syscall(/*landlock_create_ruleset*/ 444, nullptr, 0, /*version*/ 1);
  return Format("bubblewrap, seccomp, {}{}",
                abi < 1 ? std::string("no Landlock") : Format("Landlock ABI {}", abi),
                SandboxUser() == "-" ? "" : Format(", as user {}", SandboxUser()));
}

}  // namespace winnow::reward::sandbox
