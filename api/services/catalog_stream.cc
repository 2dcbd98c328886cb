// SPDX-License-Identifier: Apache-2.0

#include "api/services/catalog_stream.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "engine/domain/error.h"

namespace insightloop::api {
namespace {

// Tag and length of an item, and the fields that are no items, at their longest.
constexpr std::size_t kItemBytes = 6;
constexpr std::size_t kOtherBytes = 16;

// Fills one response after the other.
class Packer {
 public:
  explicit Packer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  template <class Noun, class Proto>
  void Add(const Noun& noun, Proto* (v1::StreamCatalogResponse::*place)()) {
    Proto message;
    status_.Update(ToProto(noun, message));
    MakeRoom(message.ByteSizeLong());
    *(responses_.back().*place)() = std::move(message);
  }
  void AddCampaign(const std::string& name) {
    MakeRoom(name.size());
    responses_.back().add_campaigns(name);
  }
  void AddRemoved(const std::string& name) {
    MakeRoom(name.size());
    responses_.back().add_removed(name);
  }

  absl::StatusOr<std::vector<v1::StreamCatalogResponse>> Take() {
    if (!status_.ok()) return status_;
    return std::move(responses_);
  }

 private:
  void MakeRoom(std::size_t item_bytes) {
    const std::size_t bytes = item_bytes + kItemBytes;
    if (bytes_ + bytes > max_bytes_ && bytes_ > kOtherBytes) {
      responses_.emplace_back();
      bytes_ = kOtherBytes;
    }
    bytes_ += bytes;
  }

  const std::size_t max_bytes_;
  std::vector<v1::StreamCatalogResponse> responses_{1};
  std::size_t bytes_ = kOtherBytes;  // of the last response
  absl::Status status_;
};

bool IsAssigning(const CatalogExperiment& experiment) {
  return experiment.state == ExperimentState::kRunning ||
         experiment.state == ExperimentState::kPaused;
}

// What there is to know of an experiment that assigns nobody.
CatalogExperiment Stripped(const CatalogExperiment& experiment) {
  CatalogExperiment rest;
  rest.name = experiment.name;
  rest.state = experiment.state;
  rest.external = experiment.external;
  rest.unit_type = experiment.unit_type;
  rest.start_time = experiment.start_time;
  rest.pause_time = experiment.pause_time;
  rest.stop_time = experiment.stop_time;
  return rest;
}

absl::Status NegativeRevision(std::int64_t after) {
  return InvalidField("NEGATIVE_REVISION", "after_revision",
                      absl::StrCat("is ", after, "; send the last revision received, or 0"));
}

absl::Status TooManyStreams(int max_streams) {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("the server has ", max_streams,
                                " streams of its catalog already; end one, or try again later"),
                   {.reason = "TOO_MANY_STREAMS",
                    .metadata = {{"max_catalog_streams", std::to_string(max_streams)}},
                    .retry_delay = Seconds(10)});
}

absl::Status ServerStopping() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "the server is stopping; call again with the last revision when it is back",
                   {.reason = "SERVER_STOPPING", .retry_delay = Seconds(1)});
}

}  // namespace

absl::StatusOr<std::vector<v1::StreamCatalogResponse>> ToResponses(const CatalogChanges& changes,
                                                                   std::size_t max_bytes) {
  using Response = v1::StreamCatalogResponse;
  Packer packer(max_bytes);
  for (const std::string& name : changes.removed) packer.AddRemoved(name);
  for (const Attribute* item : changes.attributes) packer.Add(*item, &Response::add_attributes);
  for (const UnitType* item : changes.unit_types) packer.Add(*item, &Response::add_unit_types);
  for (const Layer* item : changes.layers) packer.Add(*item, &Response::add_layers);
  if (changes.programme != nullptr) packer.Add(*changes.programme, &Response::mutable_programme);
  for (const std::string& name : changes.campaigns) packer.AddCampaign(name);
  for (const CatalogExperiment* item : changes.experiments) {
    packer.Add(IsAssigning(*item) ? *item : Stripped(*item), &Response::add_experiments);
  }
  auto responses = packer.Take();
  if (!responses.ok()) return responses;
  responses->front().set_snapshot(changes.snapshot);
  responses->back().set_revision(changes.revision);
  return responses;
}

// Whoever sets `busy` decides alone what happens next, and is the only one who calls gRPC: so no
// stream is finished twice, or gone while somebody is at it. OnDone comes after Finish only.
class CatalogStreams::Stream final : public Reactor {
 public:
  Stream(CatalogStreams& streams, std::int64_t after) : known(after), streams_(streams) {}

  void OnWriteDone(bool ok) override { streams_.Proceed(*this, ok); }
  void OnCancel() override { streams_.Cancel(*this); }
  void OnDone() override { streams_.Forget(*this); }  // destroys it

  // Guarded by the mutex of `streams_`.
  std::int64_t known;    // the revision that the receiver has, with what is being written
  bool begun = false;    // whether anything was written
  bool busy = false;     // a write is prepared or under way, or the stream is finished
  absl::Status end;      // not OK: how it ends, as soon as nobody else is at it
  Responses responses;   // what is being written; null when idle
  std::size_t next = 0;  // into `responses`

 private:
  CatalogStreams& streams_;
};

CatalogStreams::CatalogStreams(Gate& gate, CatalogHolder& catalog)
    : gate_(gate), catalog_(catalog), writer_(/*workers=*/1, /*max_queued=*/1) {
  subscription_ = catalog_.Subscribe([this] {
    const std::lock_guard lock(mutex_);
    Schedule();
  });
  gate_.OnEndStreams([this] { EndAll(); });
}

CatalogStreams::~CatalogStreams() { catalog_.Unsubscribe(subscription_); }

CatalogStreams::Reactor* CatalogStreams::StreamCatalog(Gate::Context* context,
                                                       const v1::StreamCatalogRequest* request) {
  return gate_.Stream<v1::StreamCatalogResponse>(
      context, request,
      [this](const Caller&, const auto& asked) { return Begin(asked.after_revision()); });
}

absl::StatusOr<CatalogStreams::Reactor*> CatalogStreams::Begin(std::int64_t after) {
  if (after < 0) return NegativeRevision(after);
  const int max_streams = gate_.limits().max_catalog_streams;
  auto stream = std::make_unique<Stream>(*this, after);
  Reactor* const reactor = stream.get();
  const std::lock_guard lock(mutex_);
  if (stopping_) return ServerStopping();
  if (streams_.size() >= static_cast<std::size_t>(max_streams)) return TooManyStreams(max_streams);
  streams_.emplace(stream.get(), std::move(stream));
  Schedule();
  return reactor;
}

void CatalogStreams::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  // Never refused: the queue has room for the one that is scheduled.
  writer_.Submit([this] { WriteChanges(); }).IgnoreError();
}

void CatalogStreams::WriteChanges() {
  std::shared_ptr<const Catalog> catalog;
  std::vector<std::pair<Stream*, std::int64_t>> due;  // with what they know
  {
    const std::lock_guard lock(mutex_);
    scheduled_ = false;  // first: a publication that comes too late for this run schedules another
    catalog = catalog_.Current();
    for (const auto& [key, stream] : streams_) {
      if (stream->busy || (stream->begun && stream->known >= catalog->revision())) continue;
      stream->busy = true;
      due.emplace_back(stream.get(), stream->known);
    }
  }
  std::map<std::int64_t, absl::StatusOr<Responses>> encoded;  // by what is known
  for (const auto& [stream, known] : due) {
    auto found = encoded.find(known);
    if (found == encoded.end()) {
      found = encoded.emplace(known, Encode(catalog->ChangesSince(known))).first;
    }
    {
      const std::lock_guard lock(mutex_);
      if (found->second.ok()) {
        stream->responses = *found->second;
        stream->next = 0;
        stream->known = catalog->revision();
        stream->begun = true;
      } else {
        Claim(*stream, found->second.status());
      }
    }
    Proceed(*stream, true);
  }
}

absl::StatusOr<CatalogStreams::Responses> CatalogStreams::Encode(
    const CatalogChanges& changes) const {
  auto responses = ToResponses(changes, static_cast<std::size_t>(gate_.limits().max_message_bytes));
  if (!responses.ok()) return responses.status();
  return std::make_shared<const std::vector<v1::StreamCatalogResponse>>(*std::move(responses));
}

void CatalogStreams::Proceed(Stream& stream, bool ok) {
  const v1::StreamCatalogResponse* next = nullptr;
  absl::Status end;
  {
    const std::lock_guard lock(mutex_);
    if (!ok) Claim(stream, absl::CancelledError());
    end = stream.end;
    if (end.ok()) {
      if (stream.next < stream.responses->size()) {
        next = &(*stream.responses)[stream.next++];
      } else {
        stream.responses = nullptr;
        stream.busy = false;
        Schedule();
      }
    }
  }
  // Here an idle stream may be gone already.
  if (!end.ok()) Finish(stream, end);
  if (next != nullptr) stream.StartWrite(next);
}

bool CatalogStreams::Claim(Stream& stream, const absl::Status& status) {
  if (!stream.end.ok()) return false;
  stream.end = status;
  return !std::exchange(stream.busy, true);
}

void CatalogStreams::Cancel(Stream& stream) {
  const absl::Status cancelled = absl::CancelledError();
  bool claimed = false;
  {
    const std::lock_guard lock(mutex_);
    claimed = Claim(stream, cancelled);
  }
  if (claimed) Finish(stream, cancelled);
}

void CatalogStreams::EndAll() {
  const absl::Status stopping = ServerStopping();
  std::vector<Stream*> claimed;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [key, stream] : streams_) {
      if (Claim(*stream, stopping)) claimed.push_back(stream.get());
    }
  }
  for (Stream* stream : claimed) Finish(*stream, stopping);
}

void CatalogStreams::Finish(Stream& stream, const absl::Status& status) const {
  stream.Finish(gate_.ToStatus(status, v1::StreamCatalogRequest::descriptor()->full_name()));
}

void CatalogStreams::Forget(Stream& stream) {
  std::unique_ptr<Stream> last;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(&stream);
  last = std::move(found->second);
  streams_.erase(found);
}

}  // namespace insightloop::api
