// What model-written code may try against the machine (verifiers.md §9): each program is contained,
// ends as its row says within twice its limit, and leaves no process behind. What it learns it says
// on stdout, so a row also fails when the program was stopped before it could try.
#include <sys/wait.h>

#include <cctype>
#include <filesystem>
#include <fstream>

#include "tests/reward/sandbox/sandboxed.h"

namespace winnow::reward::sandbox {
namespace {

struct Attack {
  const char* name;
  const char* program;  // behind kTry
  EndKind end;
  int code = 0;           // where `end` is kExited or kSignaled
  const char* said = "";  // the whole of stdout
  double cpu_s = 0.3;     // where `end` is kCpu
};

// Tries what it is given and prints "in NAME" for each attempt that worked.
constexpr const char* kTry = R"(
import ctypes, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, action):
    try:
        action()
    except (OSError, ValueError):
        return
    print('in', name)
def call(name, *arguments):
    def action():
        if libc.syscall(*arguments) == -1: raise OSError(ctypes.get_errno())
    attempt(name, action)
)";

const Attack kAttacks[] = {
    {"busy loop", "while True: pass", EndKind::kCpu},
    {"busy loop that ignores every signal",
     "import signal\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n"
     "  except (OSError, ValueError): pass\nwhile True: pass",
     EndKind::kCpu},
    {"children that share the work", "import os\nfor i in range(3): os.fork()\nwhile True: pass",
     EndKind::kCpu},
    {"sleep that ignores SIGTERM",
     "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(1000)",
     EndKind::kWall},
    {"stopped process", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", EndKind::kWall},
    {"regex bomb", "import re\nre.match('(a+)+$', 'a' * 64 + 'b')", EndKind::kCpu},
    {"fork bomb", "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", EndKind::kCpu,
     0, "", /*cpu_s=*/1.0},
    {"process limit",
     "import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(1000)\n"
     "    n += 1\nexcept OSError: print(n < 64)",
     EndKind::kExited, 0, "True\n"},
    {"thread bomb",
     "import threading, time\nn = 0\ntry:\n  while True:\n"
     "    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n    n += 1\n"
     "except RuntimeError: print(n < 64)",
     EndKind::kExited, 0, "True\n"},
    {"double fork with setsid",
     "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(1000)\n"
     "  os._exit(0)\nprint('left')",
     EndKind::kExited, 0, "left\n"},
    {"memory bomb", "b = []\nwhile True: b.append(bytearray(1 << 24))", EndKind::kExited, 1},
    {"memory bomb of several processes",
     "import os, time\nfor i in range(3): os.fork()\nb = bytearray(200 << 20)\ntime.sleep(1000)",
     EndKind::kMemory},
    {"output bomb", "while True: print('x' * 65536)", EndKind::kOutput},
    {"error output bomb", "import sys\nwhile True: sys.stderr.write('x' * 65536)",
     EndKind::kOutput},
    {"disk bomb",
     "import os\nn = 0\ntry:\n  for i in range(1000):\n    with open('/tmp/f%d' % i, 'wb') as f:\n"
     "      for j in range(16): n += f.write(bytes(1 << 20))\n"
     "except OSError: print(n <= 64 << 20)",
     EndKind::kExited, 0, "True\n"},
    {"file limit",
     "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nimport os\n"
     "f = os.open('/tmp/sparse', os.O_CREAT | os.O_WRONLY)\n"
     "try: os.pwrite(f, b'x', 1 << 40)\nexcept OSError: print('refused')",
     EndKind::kExited, 0, "refused\n"},
    {"inode bomb",
     "import os\nfor i in range(10 ** 9): os.close(os.open('/tmp/%d' % i, os.O_CREAT))",
     EndKind::kFiles},
    {"descriptor bomb",
     "import os\nn = 0\ntry:\n  while True: os.dup(1); n += 1\nexcept OSError: print(n < 64)",
     EndKind::kExited, 0, "True\n"},
    {"deep recursion",
     "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(_=0): sorted([0], key=f)\nf()",
     EndKind::kSignaled, 11},
    {"nested folders without rights",
     "for i in range(3000): os.mkdir('d'); os.chdir('d')\n"
     "open('f', 'w').close()\nos.chmod('.', 0)\nos.chmod('/tmp/d', 0)\nos.chmod('/tmp', 0)\n"
     "print('done')",
     EndKind::kExited, 0, "done\n"},
    {"rights of the program's folder",
     "os.chmod('/box/program.py', 0)\nos.chmod('/box', 0)\nprint('done')", EndKind::kExited, 0,
     "done\n"},
    {"network",
     "for family in range(46):\n"
     "  for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, 5):\n"
     "    attempt('family %d' % family, lambda: socket.socket(family, kind))\nprint('done')",
     EndKind::kExited, 0, "done\n"},
    {"keys, run folder and tests",
     "for path in ('/etc/shadow', '/etc/passwd', '/etc/ssl', '/root', '/home', '/work', '/var',\n"
     "             '/run', '/sys', '/mnt', '/opt', '/proc/1/root/', '/proc/1/cwd/'):\n"
     "  attempt(path, lambda: os.listdir(path))\n  attempt(path, lambda: open(path).read())\n"
     "print('done')",
     EndKind::kExited, 0, "done\n"},
    {"processes of the host",
     "print([p for p in os.listdir('/proc') if p.isdigit() and int(p) > 1] == [str(os.getpid())])\n"
     "for name in ('environ', 'mem', 'maps', 'fd', 'exe', 'auxv', 'syscall', 'stack'):\n"
     "  attempt(name, lambda: open('/proc/1/' + name, 'rb').read(1))\n"
     "attempt('fd', lambda: os.listdir('/proc/1/fd'))\n"
     "attempt('write', lambda: open('/proc/1/mem', 'wb'))\n"
     "attempt('sysctl', lambda: open('/proc/sys/kernel/core_pattern', 'w').write('x'))\n"
     "attempt('sysrq', lambda: open('/proc/sysrq-trigger', 'w').write('b'))",
     EndKind::kExited, 0, "True\n"},
    {"ptrace, mounts, namespaces and kernel doors",
     "import platform\nif platform.machine() == 'x86_64':\n"
     "  for name, number in dict(ptrace=101, mount=165, umount2=166, pivot_root=155, chroot=161,\n"
     "      unshare=272, setns=308, bpf=321, perf_event_open=298, userfaultfd=323, keyctl=250,\n"
     "      add_key=248, process_vm_readv=310, process_vm_writev=311, io_uring_setup=425,\n"
     "      clone3=435, fsopen=430, open_tree=428, move_mount=429, memfd_create=319,\n"
     "      open_by_handle_at=304, init_module=175, kexec_load=246, reboot=169, swapon=167,\n"
     "      syslog=103, acct=163, settimeofday=164, sethostname=170, iopl=172, personality=135,\n"
     "      shmget=29, msgget=68, semget=64, mq_open=240, pidfd_open=434, pidfd_getfd=438,\n"
     "      sched_setscheduler=144, setpriority=141, mknod=133, setuid=105, quotactl=179,\n"
     "      name_to_handle_at=303, kcmp=312, process_madvise=440, connect=42, bind=49).items():\n"
     "    call(name, number, 0, 0, 0, 0, 0, 0)\n"
     "  for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000):\n"
     "    call('clone', 56, flag | signal.SIGCHLD, 0, 0, 0, 0)\n"
     "  call('ptrace traceme', 101, 0, 0, 0, 0)\n"
     "  call('limits of process 1', 302, 1, 0, (ctypes.c_uint64 * 2)(0, 0), 0)\nprint('done')",
     EndKind::kExited, 0, "done\n"},
    {"terminal input",
     "import fcntl\nattempt('tiocsti', lambda: fcntl.ioctl(0, 0x5412, b'x'))\n"
     "print('done')",
     EndKind::kExited, 0, "done\n"},
    {"links and writes out of /tmp",
     "for path in ('/etc/shadow', '/root/.ssh/id_rsa', '/proc/1/environ'):\n"
     "  os.symlink(path, '/tmp/link')\n  attempt(path, lambda: open('/tmp/link').read())\n"
     "  os.unlink('/tmp/link')\n"
     "for path in ('/usr/x', '/usr/bin/true', '/box/x', '/box/program.py', '/init', '/x', "
     "'/dev/x',\n"
     "             '/dev/shm/x', '/etc/x', '/bin/true'):\n"
     "  attempt(path, lambda: open(path, 'a'))\n  attempt(path, lambda: os.truncate(path, 0))\n"
     "  attempt(path, lambda: os.unlink(path))\n"
     "  attempt(path, lambda: os.link('/box/program.py', path))\nprint('done')",
     EndKind::kExited, 0, "done\n"},
    {"killing its parent",
     "for s in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGCHLD, signal.SIGSEGV):\n"
     "  try: os.kill(1, s)\n  except OSError: pass\n"
     "try: os.kill(-1, signal.SIGKILL)\nexcept OSError: pass\n"
     "time.sleep(0.05)\nprint(os.getppid())",
     EndKind::kExited, 0, "1\n"},
    {"closing its pipes",
     "for fd in range(64):\n  try: os.close(fd)\n  except OSError: pass\nos._exit(0)",
     EndKind::kExited, 0},
    {"closing its pipes, then waiting", "os.closerange(0, 64)\ntime.sleep(1000)", EndKind::kWall},
    {"speaking as the init",
     "for fd in range(3, 64): attempt('descriptor', lambda: os.write(fd, b'\\5' * 64))\n"
     "print('done')",
     EndKind::kExited, 0, "done\n"},
#if defined(__x86_64__)
    {"system call of the 32-bit interface",
     "import mmap\nm = mmap.mmap(-1, 4096, "
     "prot=7)\nm.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\n"
     "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()\n"
     "print('in')",
     EndKind::kSignaled, 31},
#endif
};

class AttackTest : public SandboxTest {};
class EachAttackTest : public SandboxTest, public ::testing::WithParamInterface<Attack> {};

// Processes of this machine in the process namespace `name`, those that only wait to be reaped left
// out.
int ProcessesOf(const std::string& name) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code error;
    if (std::filesystem::read_symlink(entry.path() / "ns/pid", error) != name || error) continue;
    std::string stat;
    std::getline(std::ifstream(entry.path() / "stat"), stat);
    count += stat.find(") Z ") == std::string::npos;
  }
  return count;
}

std::string NamespaceOf(pid_t process) {
  return std::filesystem::read_symlink("/proc/" + std::to_string(process) + "/ns/pid");
}

TEST_P(EachAttackTest, IsContainedAndLeavesNothingBehind) {
  const Attack& attack = GetParam();
  // Only the bound that the row is about is near, so that a machine under load changes nothing.
  const RunLimits limits = LimitsOf(attack.end == EndKind::kCpu ? attack.cpu_s : 4.0,
                                    attack.end == EndKind::kWall ? 0.7 : 40.0);
  std::string name_space;
  Result<RunResult> result = Unavailable("not run");
  {
    Result<Sandbox> sandbox = Sandbox::Start();
    ASSERT_TRUE(sandbox.ok()) << sandbox.status().message();
    name_space = NamespaceOf(sandbox->init_id());
    ASSERT_EQ(ProcessesOf(name_space), 1);
    result = RunPython(&*sandbox, std::string(kTry) + attack.program, limits);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(ProcessesOf(name_space), 1) << "only the init is left";
    // The sandbox is still sound: the next program runs as if nothing had been.
    const Result<RunResult> next =
        RunPython(&*sandbox, "import os\nprint(os.listdir('/tmp'))", LimitsOf(4.0, 40.0));
    ASSERT_TRUE(next.ok()) << next.status().message();
    EXPECT_EQ(next->stdout_bytes, "[]\n") << next->stderr_bytes;
  }
  EXPECT_EQ(ProcessesOf(name_space), 0);
  EXPECT_EQ(result->end, attack.end) << result->code << " " << result->stderr_bytes;
  EXPECT_EQ(result->code, attack.code) << result->stderr_bytes;
  if (attack.end == EndKind::kExited) {
    EXPECT_EQ(result->stdout_bytes, attack.said);
  }
  EXPECT_LE(result->cpu_s * 1e6, 2.0 * static_cast<double>(limits.cpu_us));
  EXPECT_LE(result->wall_s * 1e6, 2.0 * static_cast<double>(limits.wall_us));
}

std::string NameOf(const ::testing::TestParamInfo<Attack>& info) {
  std::string name;
  bool starts_word = true;
  for (const char c : std::string_view(info.param.name)) {
    const bool is_letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_letter) name += starts_word ? static_cast<char>(std::toupper(c)) : c;
    starts_word = !is_letter;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Programs, EachAttackTest, ::testing::ValuesIn(kAttacks), NameOf);

// A file of the host that any user may read stays unseen.
TEST_F(AttackTest, FilesOfTheHostAreNotThere) {
  const std::string path = ::testing::TempDir() + "winnow_secret_" + std::to_string(getpid());
  std::ofstream(path) << "reference";
  const RunResult result = Python("import os\nprint(os.path.exists('" + path + "'))\nopen('" +
                                  path + "_written', 'w').write('x')");
  EXPECT_EQ(result.stdout_bytes, "False\n");
  EXPECT_FALSE(std::filesystem::exists(path + "_written"));
  std::filesystem::remove(path);
}

// Nothing of this process's environment or descriptors gets in.
TEST_F(AttackTest, EnvironmentAndDescriptorsAreNotInherited) {
  setenv("WINNOW_SECRET", "reference", 1);
  const int leak = dup(2);  // no close-on-exec
  const RunResult result = Python(
      "import os\nprint('WINNOW_SECRET' in os.environ, sorted(os.listdir('/proc/self/fd')))");
  close(leak);
  unsetenv("WINNOW_SECRET");
  EXPECT_EQ(result.stdout_bytes, "False ['0', '1', '2', '3']\n");  // 3: the listing itself
}

// The owner of a sandbox dies without a word: everything in it dies too.
TEST_F(AttackTest, NothingOutlivesTheProcessThatStartedIt) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    Result<Sandbox> sandbox = Sandbox::Start();
    const pid_t init = sandbox.ok() ? sandbox->init_id() : 0;
    if (write(ends[1], &init, sizeof(init)) != sizeof(init)) _exit(1);
    if (sandbox.ok()) {
      (void)RunPython(&*sandbox, "import time\ntime.sleep(1000)", LimitsOf(10.0, 100.0));
    }
    _exit(1);
  }
  pid_t init = 0;
  ASSERT_EQ(read(ends[0], &init, sizeof(init)), static_cast<ssize_t>(sizeof(init)));
  ASSERT_GT(init, 0);
  const std::string name_space = NamespaceOf(init);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  for (int i = 0; i < 2000 && ProcessesOf(name_space) > 0; ++i) usleep(5000);
  EXPECT_EQ(ProcessesOf(name_space), 0);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace winnow::reward::sandbox
