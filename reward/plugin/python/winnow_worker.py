"""Runs a user's reward function for Winnow (docs/formats/verifier_frames.md).

Started as a zygote: imports the user's file once, says `ready` (or `fatal`) on descriptor 3, then
forks one worker for each pair of sockets it receives there. Beside each worker runs its keeper, which
ends the worker and everything the worker has started. Standard library only, Python >= 3.8.
"""

import array
import ctypes
import gc
import importlib.util
import inspect
import json
import math
import os
import re
import select
import signal
import socket
import struct
import sys
import time
import traceback
import types

MAX_REQUEST = 64 << 20  # bytes
MAX_PARTS = 16
OWN_FILE = (lambda: 0).__code__.co_filename
STYLES = "winnow, verl, trl, reasoning_gym"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Fatal(Exception):
    """A mistake of the user that no retry can mend: one line."""


class Bad(Exception):
    """A function returned what is no verdict."""


# ---------------------------------------------------------------------------------------------------
# Frames: u32 little-endian length, then JSON.


def read_exactly(sock, size):
    """`size` bytes, or None at the end of the stream."""
    parts = []
    while size > 0:
        part = sock.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(sock):
    head = read_exactly(sock, 4)
    if head is None:
        return None
    size = struct.unpack("<I", head)[0]
    if size > MAX_REQUEST:
        return None
    body = read_exactly(sock, size)
    return None if body is None else json.loads(body.decode("utf-8", "replace"))


def write_frame(sock, value):
    body = json.dumps(value, allow_nan=False).encode("utf-8", "replace")
    sock.sendall(struct.pack("<I", len(body)) + body)


# ---------------------------------------------------------------------------------------------------
# Verdicts.


def number(value, what="reward"):
    """A finite float; bools count, texts do not, and scalars of numpy or torch do."""
    if isinstance(value, (str, bytes, bytearray)) or value is None or not hasattr(value, "__float__"):
        raise Bad("%s is no number: %s" % (what, short(value)))
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise Bad("%s is no number: %s" % (what, short(value))) from None
    if not math.isfinite(result):
        raise Bad("%s is not finite: %s" % (what, result))
    return result


def short(value):
    try:
        text = repr(value)
    except Exception:  # A repr of the user's may fail.
        text = "?"
    text = "%s %s" % (type(value).__name__, text)
    return text if len(text) <= 80 else text[:80] + "..."


def part_name(name):
    return re.sub(r"[^a-z0-9_.]", "_", str(name).lower())[:48] or "_"


def scored(reward, parts=None):
    return {"kind": "scored", "reward": number(reward), "parts": parts or {}}


def invalid(reason):
    return {"kind": "invalid", "reason": reason}


def error(reason):
    return {"kind": "error", "reason": reason}


def last_line(exception):
    lines = traceback.format_exception_only(type(exception), exception)
    return lines[-1].strip() if lines else type(exception).__name__


def print_traceback(exception):
    """To stderr, without the frames of this file."""
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == OWN_FILE:
        trace = trace.tb_next
    traceback.print_exception(type(exception), exception, trace)


def place_in(path, exception):
    """Line of the user's file where `exception` arose, 0 if none of its frames is there."""
    if isinstance(exception, SyntaxError) and exception.filename == path:
        return exception.lineno or 0
    line = 0
    for frame in traceback.extract_tb(exception.__traceback__):
        if frame.filename == path:
            line = frame.lineno or 0
    return line


# ---------------------------------------------------------------------------------------------------
# Samples, as the style `winnow` shows them.


class Sample:
    """One trajectory; `extra` is the whole row as a dict."""

    __slots__ = (
        "prompt_id", "index", "data_source", "prompt", "response", "reference", "extra",
        "response_tokens", "longest_path_tokens", "finish", "response_ids",
    )

    def __init__(self, fields):
        for name in self.__slots__:
            setattr(self, name, fields.get(name))
        if not isinstance(self.extra, dict):
            self.extra = {}

    def __getitem__(self, name):
        return getattr(self, name)

    def __repr__(self):
        return "Sample(prompt_id=%r, index=%r, response=%r)" % (
            self.prompt_id, self.index, self.response)


def field(row, path):
    """The value at `path`, whose dots enter dicts, or None."""
    for name in path.split("."):
        if not isinstance(row, dict) or name not in row:
            return None
        row = row[name]
    return row


def answer_of(response):
    """Behind the thinking part: the last <answer>, else the whole."""
    cut = re.split(r"</think>", response, flags=re.I)[-1]
    tags = re.findall(r"<answer>(.*?)(?:</answer>|\Z)", cut, flags=re.I | re.S)
    return (tags[-1] if tags else cut).strip()


# ---------------------------------------------------------------------------------------------------
# Styles. Each takes a list of samples and gives a list of verdicts, as long.


class Function:
    """A user's function and how it takes its arguments."""

    def __init__(self, call, kwargs):
        self.call = call
        self.name = getattr(call, "__name__", type(call).__name__)
        self.parameters = inspect.signature(call).parameters
        kinds = [p.kind for p in self.parameters.values()]
        self.takes_all = inspect.Parameter.VAR_KEYWORD in kinds
        self.loop = None
        self.kwargs = kwargs
        for key in kwargs:
            if not self.accepts(key):
                raise Fatal("reward.reward_kwargs.%s is no parameter of %s" % (key, self.name))

    def accepts(self, name):
        parameter = self.parameters.get(name)
        if parameter is None:
            return self.takes_all
        return parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL)

    def required(self):
        """Names of the parameters that must be given, reward_kwargs left out."""
        return [
            name for name, p in self.parameters.items()
            if p.default is p.empty and name not in self.kwargs
            and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]

    def __call__(self, *positional, **named):
        named = {name: value for name, value in named.items() if self.accepts(name)}
        result = self.call(*positional, **named, **self.kwargs)
        if not inspect.isawaitable(result):
            return result
        if self.loop is None:
            import asyncio

            self.loop = asyncio.new_event_loop()
        return self.loop.run_until_complete(result)


class WinnowStyle:
    whole_group = False

    def __init__(self, functions):
        self.function = functions[0]
        self.whole_group = "samples" in self.function.parameters

    def judge(self, samples):
        if not self.whole_group:
            return [self.verdict(self.function(samples[0]))]
        results = as_list(self.function(samples), len(samples))
        return [guarded(self.verdict, result) for result in results]

    @staticmethod
    def verdict(result):
        if result is None:
            return invalid("the function returned None")
        if not isinstance(result, dict):
            return scored(result)
        if "reward" not in result:
            raise Bad("a dict needs the key reward: %s" % short(result))
        parts = {str(k): number(v, "part " + str(k)) for k, v in result.items() if k != "reward"}
        return scored(result["reward"], parts)


class VerlStyle:
    def __init__(self, functions):
        self.function = functions[0]
        self.whole_group = "solution_strs" in self.function.parameters

    def judge(self, samples):
        if not self.whole_group:
            sample = samples[0]
            return [self.verdict(self.function(
                data_source=sample.data_source, solution_str=sample.response,
                ground_truth=self.truth(sample), extra_info=self.info(sample)))]
        results = as_list(self.function(
            data_sources=[s.data_source for s in samples],
            solution_strs=[s.response for s in samples],
            ground_truths=[self.truth(s) for s in samples],
            extra_infos=[self.info(s) for s in samples]), len(samples))
        return [guarded(self.verdict, result) for result in results]

    @staticmethod
    def truth(sample):
        truth = field(sample.extra, "reward_model.ground_truth")
        return sample.reference if truth is None else truth

    @staticmethod
    def info(sample):
        info = sample.extra.get("extra_info")
        info = dict(info) if isinstance(info, dict) else {}
        info.setdefault("num_turns", 1)
        info.setdefault("rollout_reward_scores", {})
        return info

    @staticmethod
    def verdict(result):
        if result is None:
            return invalid("the function returned None")
        if isinstance(result, dict):
            if "score" not in result:
                raise Bad("a dict needs the key score: %s" % short(result))
            parts = {}
            for key, value in result.items():
                if key == "score" or len(parts) == MAX_PARTS:
                    continue
                try:
                    parts[part_name(key)] = number(value)
                except Bad:
                    pass  # Texts beside the score are for people.
            return scored(result["score"], parts)
        if isinstance(result, (list, tuple)):
            if not result:
                raise Bad("an empty sequence is no score")
            return scored(result[0])
        return scored(result)


class TrlStyle:
    whole_group = True

    def __init__(self, functions, weights):
        self.functions = functions
        self.weights = weights or [1.0] * len(functions)
        if len(self.weights) != len(functions):
            raise Fatal("reward.reward_weights must hold one number for each function: %d for %d"
                        % (len(self.weights), len(functions)))

    def judge(self, samples):
        metrics = {}
        arguments = self.columns(samples)
        arguments["trainer_state"] = types.SimpleNamespace(global_step=0)
        arguments["log_extra"] = lambda column, values: None
        arguments["log_metric"] = lambda name, value: metrics.__setitem__(part_name(name), value)
        results = [as_list(f(**arguments), len(samples)) for f in self.functions]
        return [guarded(self.join, [r[i] for r in results], metrics) for i in range(len(samples))]

    def join(self, values, metrics):
        if all(value is None for value in values):
            return invalid("every function returned None")
        total = 0.0
        parts = {name: number(value, "metric " + name) for name, value in metrics.items()}
        for function, weight, value in zip(self.functions, self.weights, values):
            if value is None:
                continue
            reward = number(value)
            total += weight * reward
            if len(self.functions) > 1:
                parts[part_name(function.name)] = reward
        return scored(total, parts)

    @staticmethod
    def columns(samples):
        names = {name for sample in samples for name in sample.extra}
        columns = {n: [s.extra.get(n) for s in samples] for n in names}
        # Where the row calls the reference otherwise.
        for name in ("reference", "answer", "solution", "ground_truth"):
            columns.setdefault(name, [s.reference for s in samples])
        talks = [isinstance(s.extra.get("prompt"), list) for s in samples]
        columns["prompts"] = [s.extra["prompt"] if t else s.prompt for s, t in zip(samples, talks)]
        columns["completions"] = [
            [{"role": "assistant", "content": s.response}] if t else s.response
            for s, t in zip(samples, talks)]
        columns["completion_ids"] = [s.response_ids or [] for s in samples]
        for name in ("prompt", "completion"):
            columns.pop(name, None)
        return columns


class ReasoningGymStyle:
    whole_group = False

    def __init__(self, functions):
        self.function = functions[0] if functions else None
        self.tasks = {}
        if self.function is None:
            try:
                import reasoning_gym

                self.package = reasoning_gym
            except ImportError:
                raise Fatal("style reasoning_gym without a file needs the package reasoning_gym, "
                            "which %s has not" % sys.executable) from None

    def judge(self, samples):
        sample = samples[0]
        metadata = field(sample.extra, "metadata")
        metadata = dict(metadata) if isinstance(metadata, dict) else {}
        task = metadata.get("source_dataset") or sample.extra.get("task")
        if task == "chain_sum_easy":
            task = "chain_sum"
        metadata.setdefault("source_dataset", task)
        entry = {"question": sample.prompt, "answer": sample.reference, "metadata": metadata}
        if self.function is not None:
            return [WinnowStyle.verdict(self.function(answer_of(sample.response), entry))]
        if not isinstance(task, str):
            return [invalid("the row names no data set: metadata.source_dataset or task")]
        if task not in self.tasks:
            self.tasks[task] = self.package.create_dataset(task, size=1, seed=0)
        return [scored(self.tasks[task].score_answer(answer_of(sample.response), entry))]


def as_list(results, count):
    if isinstance(results, (str, bytes, dict)) or not hasattr(results, "__len__"):
        raise Bad("a list of %d is wanted: %s" % (count, short(results)))
    if len(results) != count:
        raise Bad("a list of %d is wanted: it has %d" % (count, len(results)))
    return list(results)


def guarded(function, *arguments):
    try:
        return function(*arguments)
    except Bad as bad:
        return error(str(bad))


# ---------------------------------------------------------------------------------------------------
# Loading.


def style_of(function):
    """The style that the parameter names say (verifiers.md 5)."""
    names = function.parameters
    if "solution_str" in names or "solution_strs" in names:
        return "verl"
    if "completions" in names:
        return "trl"
    if "answer" in names and "entry" in names:
        return "reasoning_gym"
    if len(function.required()) == 1:
        return "winnow"
    raise Fatal("the parameters of %s(%s) fit none of the styles %s; name one with --style or "
                "reward.custom_reward_function.style" % (function.name, ", ".join(names), STYLES))


def swallowed_errors(path, source):
    """Lines where a bare `except` returns 0: a failure that nobody will see."""
    import ast

    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is not None and getattr(node.type, "id", "") not in ("Exception", "BaseException"):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Constant) \
                    and inner.value.value is not None and inner.value.value == 0:
                lines.append("%s:%d: this except turns every error into the reward 0; let it raise, "
                             "and the sample is masked instead" % (path, inner.lineno))
    return lines


def import_file(path):
    folder, file = os.path.split(path)
    sys.path.insert(0, folder)
    os.chdir(folder)
    name = os.path.splitext(file)[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Fatal("%s: is no Python file" % path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as exception:
        raise Fatal("%s:%d: %s" % (path, place_in(path, exception), last_line(exception))) from None
    return module


def find_function(module, path, name):
    function = getattr(module, name, None)
    if callable(function):
        return function
    import difflib

    known = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
    near = difflib.get_close_matches(name, known, 1)
    hint = "; did you mean %s?" % near[0] if near else ""
    raise Fatal("%s: has no function \"%s\"%s" % (path, name, hint))


def load(config):
    """The style object of the configured functions, and what to say of it."""
    functions, notes, style = [], [], config["style"]
    if config["path"]:
        module = import_file(config["path"])
        for name in config["names"]:
            call = find_function(module, config["path"], name)
            functions.append(Function(call, config["kwargs"]))
        with open(config["path"], encoding="utf-8") as file:
            notes = swallowed_errors(config["path"], file.read())
        if style == "auto":
            style = style_of(functions[0])
    if len(functions) > 1 and style != "trl":
        raise Fatal("only the style trl takes several functions: %s" % style)
    if style == "winnow":
        adapter = WinnowStyle(functions)
    elif style == "verl":
        adapter = VerlStyle(functions)
    elif style == "trl":
        adapter = TrlStyle(functions, config["weights"])
    elif style == "reasoning_gym":
        adapter = ReasoningGymStyle(functions)
    else:
        raise Fatal("style must be one of auto, %s: \"%s\"" % (STYLES, style))
    name = "+".join(f.name for f in functions) or "reasoning_gym"
    return adapter, {"ready": True, "name": name, "style": style, "notes": notes,
                     "whole_group": adapter.whole_group}


# ---------------------------------------------------------------------------------------------------
# Worker, keeper, zygote.


def judged(adapter, samples, path, own_pid):
    """The verdicts of one call; whatever it raises becomes one."""
    try:
        verdicts = adapter.judge(samples)
    except Bad as bad:
        verdicts = [error(str(bad))] * len(samples)
    except BaseException as exception:
        if os.getpid() != own_pid:
            os._exit(0)
        print_traceback(exception)
        line = place_in(path, exception)
        reason = last_line(exception)
        if line:
            reason += " (%s:%d)" % (os.path.basename(path), line)
        late = isinstance(exception, TimeoutError) or type(exception).__name__ == "TimeoutError"
        verdicts = [{"kind": "timeout" if late else "error", "reason": reason}] * len(samples)
    if os.getpid() != own_pid:  # A child that the function forked came back.
        os._exit(0)
    return verdicts


def serve(adapter, path):
    sock = socket.socket(fileno=3)
    own_pid = os.getpid()
    while True:
        request = read_frame(sock)
        if request is None:
            os._exit(0)
        samples = [Sample(fields) for fields in request["samples"]]
        calls = [samples] if adapter.whole_group else [[sample] for sample in samples]
        for call in calls:
            for verdict in judged(adapter, call, path, own_pid):
                write_frame(sock, verdict)


def prctl(option, value):
    try:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # Then only the worker's group is ended with it.


def descendants():
    """All processes below this one."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    parents[int(name)] = int(file.read().rsplit(b")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                pass
    below, grew = {os.getpid()}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in below and pid not in below}
        grew = bool(more)
        below |= more
    return below - {os.getpid()}


def reap(worker):
    """Collects children that have ended: the status of `worker`, if among them, and whether any child is left."""
    ended = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return ended, True
            if pid == worker:
                ended = status
    except ChildProcessError:
        return ended, False


def end_all(worker):
    """SIGKILL to everything below; returns the status of `worker`, if it ends here, once all is gone."""
    ended = None
    while True:
        for pid in descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        status, any_left = reap(worker)
        ended = status if status is not None else ended
        if not any_left:
            return ended
        time.sleep(0.001)


def keep(adapter, path, data, control, own_group):
    """Forks the worker and ends what it leaves behind, or all when the host hangs up."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *unused: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    keeper = os.getpid()
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if own_group:
            os.setpgid(0, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(0)
        os.dup2(data, 3, inheritable=False)
        for descriptor in (data, control, wake_read, wake_write):
            os.close(descriptor)
        serve(adapter, path)
    os.close(data)
    os.write(control, b"pid %d\n" % worker)
    ended = None
    while ended is None:
        ready = select.select([control, wake_read], [], [])[0]
        if control in ready:
            break
        os.read(wake_read, 64)
        ended = reap(worker)[0]
    late = end_all(worker)
    ended = late if ended is None else ended
    if ended is not None:
        how = b"signal %d\n" % os.WTERMSIG(ended) if os.WIFSIGNALED(ended) \
            else b"exit %d\n" % os.WEXITSTATUS(ended)
        os.write(control, how)
    os._exit(0)


def zygote(config):
    sock = socket.socket(fileno=3)
    sys.stdout.reconfigure(line_buffering=True)
    try:
        adapter, hello = load(config)
    except Fatal as fatal:
        write_frame(sock, {"fatal": str(fatal)})
        os._exit(1)
    write_frame(sock, hello)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Keepers leave no zombies.
    space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
    while True:
        message, ancillary = sock.recvmsg(1, space)[:2]
        if not message:
            os._exit(0)
        descriptors = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload[:2 * descriptors.itemsize])
        if os.fork() == 0:
            try:
                keep(adapter, config["path"], descriptors[0], descriptors[1], not config["debug"])
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    zygote(json.loads(sys.argv[1]))
