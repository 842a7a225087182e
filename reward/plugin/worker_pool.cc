#include "reward/plugin/worker_pool.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/format.h"
#include "base/log.h"
#include "reward/plugin/messages.h"

namespace winnow::reward::plugin {
namespace {

constexpr Logger kLog("reward");
constexpr int kStarts = 3;  // in a row that fail

Deadline Sooner(const Deadline& a, const Deadline& b) {
  return a.monotonic_seconds() < b.monotonic_seconds() ? a : b;
}

Deadline AfterOrNever(double seconds) {
  return std::isfinite(seconds) ? Deadline::After(seconds) : Deadline::Never();
}

}  // namespace

WorkerPool::WorkerPool(std::unique_ptr<OutputLog> log, std::unique_ptr<Launcher> launcher,
                       const PoolOptions& options)
    : options_(options), log_(std::move(log)), launcher_(std::move(launcher)) {}

Result<std::unique_ptr<WorkerPool>> WorkerPool::Create(std::unique_ptr<OutputLog> log,
                                                       std::unique_ptr<Launcher> launcher,
                                                       const PoolOptions& options) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(std::move(log), std::move(launcher), options));
  WINNOW_RETURN_IF_ERROR(pool->Start());
  return pool;
}

Status WorkerPool::Start() {
  Slot first;
  Status status;
  for (int i = 0; i < kStarts && first.worker == nullptr; ++i) {
    Result<std::unique_ptr<WorkerProcess>> worker = launcher_->Launch(&info_);
    if (worker.ok()) {
      first.worker = std::move(worker).value();
    } else {
      status = worker.status();
      if (status.code() == StatusCode::kInvalidArgument) return status;
    }
  }
  if (first.worker == nullptr) {
    std::string message = status.message();
    for (const std::string& line : log_->LastLines()) message += "\n  " + line;
    return FailedPrecondition(message);
  }
  for (const std::string& note : info_.notes) kLog.Warning(note);
  threads_.emplace_back([this, slot = std::move(first)]() mutable { Work(std::move(slot)); });
  while (threads_.size() < options_.num_workers) {
    threads_.emplace_back([this] { Work({}); });
  }
  return OkStatus();
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  has_call_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Ask(std::span<const Sample> samples, Deadline deadline, bool alone,
                     std::span<Attempt> out) {
  WINNOW_CHECK_EQ(samples.size(), out.size());
  if (samples.empty()) return;
  size_t size = samples.size();
  if (alone) {
    size = 1;
  } else if (!info_.whole_group) {
    const size_t share = (samples.size() + threads_.size() - 1) / threads_.size();
    size = std::min(share, options_.samples_per_message);
  }
  size_t num_open = 0;
  std::unique_lock lock(mutex_);
  for (size_t at = 0; at < samples.size(); at += size) {
    const size_t count = std::min(size, samples.size() - at);
    calls_.push_back({.samples = samples.subspan(at, count),
                      .out = out.subspan(at, count),
                      .deadline = deadline,
                      .num_open = &num_open});
    ++num_open;
  }
  has_call_.notify_all();
  is_done_.wait(lock, [&] { return num_open == 0; });
}

void WorkerPool::Work(Slot slot) {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_call_.wait(lock, [&] { return stopped_ || !calls_.empty(); });
    if (calls_.empty()) return;
    const Call call = calls_.front();
    calls_.pop_front();
    lock.unlock();
    Serve(call, &slot);
    lock.lock();
    if (--*call.num_open == 0) is_done_.notify_all();
  }
}

// Gives every sample of the call its attempt, on as many workers as that takes.
void WorkerPool::Serve(const Call& call, Slot* slot) {
  for (size_t first = 0; first < call.samples.size();) {
    if (slot->worker == nullptr) {
      PluginInfo info;
      Result<std::unique_ptr<WorkerProcess>> worker = launcher_->Launch(&info);
      if (!worker.ok()) {
        Fail(call, first, Verdict::Error("no worker: " + worker.status().message()));
        return;
      }
      *slot = {.worker = std::move(worker).value()};
    }
    bool retire = false;
    first = Exchange(call, first, slot, &retire);
    if (retire) {
      ++num_restarts_;
      slot->worker.reset();
    }
  }
  if (slot->worker != nullptr && (slot->num_samples >= options_.max_samples ||
                                  slot->worker->ResidentBytes() > options_.memory_bytes)) {
    slot->worker.reset();
  }
}

// All of the call from `first` on get `verdict`.
size_t WorkerPool::Fail(const Call& call, size_t first, const Verdict& verdict) {
  for (size_t i = first; i < call.samples.size(); ++i) call.out[i].verdict = verdict;
  return call.samples.size();
}

// Asks the worker about the samples from `first` on. Returns the first one that it has not begun;
// `*retire` is set if the worker must not be asked again.
size_t WorkerPool::Exchange(const Call& call, size_t first, Slot* slot, bool* retire) {
  const std::span<const Sample> samples = call.samples.subspan(first);
  const bool whole = info_.whole_group && samples.size() > 1;
  const std::string request = options_.samples_per_message == 1 && !whole
                                  ? SampleJson(samples.front())
                                  : RequestJson(samples, options_.timeout_s);
  if (request.size() > kMaxRequestBytes) {
    for (size_t i = first; i < call.samples.size(); ++i) {
      call.out[i] = {Verdict::Error("the sample is too large for a message"), false};
    }
    return call.samples.size();
  }
  double asked = MonotonicSeconds();
  Deadline deadline = Sooner(call.deadline, AfterOrNever(options_.timeout_s));
  *retire = true;  // until it has answered all
  const bool sent = slot->worker->Send(request, deadline);
  const size_t count = options_.samples_per_message == 1 && !whole ? 1 : samples.size();
  // What becomes of the sample in progress, and with a whole group of all.
  const auto fail = [&](size_t i, Verdict verdict) {
    verdict = std::move(verdict).WithProvenance({.wall_s = MonotonicSeconds() - asked});
    if (whole) return Fail(call, first, verdict);
    call.out[i].verdict = std::move(verdict);
    return i + 1;
  };
  bool erred = false;
  for (size_t i = first; i < first + count; ++i) {
    std::string message;
    const auto received = sent || deadline.IsOver() ? slot->worker->Receive(&message, deadline)
                                                    : WorkerProcess::Received::kClosed;
    const double now = MonotonicSeconds();
    if (received == WorkerProcess::Received::kTimeout) {
      return fail(i, Verdict::Timeout(Format("no answer within {} s", options_.timeout_s)));
    }
    if (received == WorkerProcess::Received::kClosed) {
      const std::string end = slot->worker->End(/*let_end=*/true);
      return fail(i, Verdict::Error(Format("the worker ended without an answer: {}",
                                           end.empty() ? "it closed its connection" : end)));
    }
    if (received == WorkerProcess::Received::kTooLong) {
      return fail(i, Verdict::Error("broken protocol: a verdict is longer than 1 MiB"));
    }
    bool broken = false;
    Verdict verdict = ParseVerdict(message, &broken);
    if (broken) return fail(i, verdict);
    erred |= verdict.is_unknown();
    call.out[i].verdict =
        std::move(verdict).WithProvenance({.verifier = info_.name, .wall_s = now - asked});
    asked = now;
    ++slot->num_samples;
    if (!whole) deadline = Sooner(call.deadline, AfterOrNever(options_.timeout_s));
  }
  *retire = erred;
  return first + count;
}

}  // namespace winnow::reward::plugin
