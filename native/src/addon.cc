// The JavaScript side of the hand-over: FrameConsumer and FrameProducer on the clients of an unchanged node-rdkafka. What may wait
// runs on a thread of libuv's pool, one job at a time for each object; JavaScript gets one call back for a whole frame.
// Types and meaning of every function: src/main/handover/native-addon.ts.
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
#include <nan.h>
#include <rdkafka.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frame_consumer.h"
#include "frame_producer.h"
#include "src/connection.h"

namespace handover {
namespace {

using Store = std::shared_ptr<v8::BackingStore>;

// node-rdkafka keeps its client in a protected member, which a class that derives from it may name. Right only with the very
// headers that node-rdkafka was compiled from: native-addon.ts compares its version before anything of this is called.
struct Peek : NodeKafka::Connection {
  static RdKafka::Handle* NodeKafka::Connection::*Client() { return &Peek::m_client; }
};

// Null when the client is not connected.
rd_kafka_t* ClientOf(v8::Local<v8::Value> value) {
  if (!value->IsObject() || value.As<v8::Object>()->InternalFieldCount() != 1) return nullptr;
  auto* connection = Nan::ObjectWrap::Unwrap<NodeKafka::Connection>(value.As<v8::Object>());
  RdKafka::Handle* handle = connection->*Peek::Client();
  return handle == nullptr ? nullptr : handle->c_ptr();
}

// Keeps the memory alive while a job writes to it, whatever JavaScript does meanwhile.
Store StoreOf(v8::Local<v8::Value> value) {
  return value->IsSharedArrayBuffer() ? value.As<v8::SharedArrayBuffer>()->GetBackingStore() : nullptr;
}

FrameTarget TargetOf(const Store& store) {
  return store == nullptr ? FrameTarget{} : FrameTarget{static_cast<uint8_t*>(store->Data()), store->ByteLength()};
}

// Bytes of a view; null for null. Good until JavaScript runs again.
Bytes BytesOf(v8::Local<v8::Value> value) {
  if (!value->IsArrayBufferView()) return {};
  v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
  static const uint8_t kEmpty = 0;
  if (view->ByteLength() == 0) return {&kEmpty, 0};
  // GetBackingStore also answers for a view of shared memory, which is no ArrayBuffer.
  auto* data = static_cast<const uint8_t*>(view->Buffer()->GetBackingStore()->Data());
  return {data + view->ByteOffset(), view->ByteLength()};
}

std::string TextOf(v8::Local<v8::Value> value) {
  Nan::Utf8String text(value);
  return std::string(*text == nullptr ? "" : *text, static_cast<size_t>(text.length()));
}

v8::Local<v8::Value> Numbers(const std::vector<double>& numbers) {
  v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(v8::Isolate::GetCurrent(), numbers.size() * sizeof(double));
  if (!numbers.empty()) std::memcpy(buffer->GetBackingStore()->Data(), numbers.data(), numbers.size() * sizeof(double));
  return v8::Float64Array::New(buffer, 0, numbers.size());
}

// What a consumer and a producer have in common: it is used by one job at a time, and not after close.
template <typename Core>
class Wrapped : public Nan::ObjectWrap {
 public:
  explicit Wrapped(std::unique_ptr<Core> core) : core_(std::move(core)) {}

  // Null after throwing to JavaScript.
  static Wrapped* Idle(v8::Local<v8::Object> holder) {
    auto* wrapped = Nan::ObjectWrap::Unwrap<Wrapped>(holder);
    if (!wrapped->busy_ && wrapped->core_ != nullptr) return wrapped;
    Nan::ThrowError(wrapped->busy_ ? "hand-over: a job is under way" : "hand-over: closed");
    return nullptr;
  }

  static NAN_METHOD(CloseNow) {
    auto* wrapped = Nan::ObjectWrap::Unwrap<Wrapped>(info.Holder());
    // Destroying what a job uses would be a use after free, so the caller has to wait for it.
    if (wrapped->busy_) return Nan::ThrowError("hand-over: a job is under way");
    wrapped->core_.reset();
  }

  Core* core() { return core_.get(); }
  void Begin() {
    busy_ = true;
    Ref();
  }
  void End() {
    busy_ = false;
    Unref();
  }
  void Hold(v8::Local<v8::Object> object) { Wrap(object); }

 private:
  std::unique_ptr<Core> core_;
  bool busy_ = false;
};

using Consumer = Wrapped<FrameConsumer>;
using Producer = Wrapped<FrameProducer>;

class FillJob : public Nan::AsyncWorker {
 public:
  FillJob(Nan::Callback* callback, Consumer* consumer, std::vector<Store> stores, size_t max, int timeout_ms)
      : Nan::AsyncWorker(callback, "handover:fill"),
        consumer_(consumer),
        stores_(std::move(stores)),
        max_(max),
        timeout_ms_(timeout_ms) {}

  void Execute() override {
    std::vector<FrameTarget> targets;
    for (const Store& store : stores_) targets.push_back(TargetOf(store));
    consumer_->core()->Fill(targets, max_, timeout_ms_, &rows_);
  }

  void HandleOKCallback() override {
    Nan::HandleScope scope;
    std::vector<double> numbers;
    numbers.reserve(rows_.size() * 8);
    for (const Row& row : rows_)
      for (double number : {static_cast<double>(row.kind), static_cast<double>(row.worker), static_cast<double>(row.topic_id),
                            static_cast<double>(row.partition), static_cast<double>(row.number),
                            static_cast<double>(row.timestamp), static_cast<double>(row.records),
                            static_cast<double>(row.bytes)})
        numbers.push_back(number);
    v8::Local<v8::Value> arguments[] = {Numbers(numbers)};
    consumer_->End();
    callback->Call(1, arguments, async_resource);
  }

 private:
  Consumer* consumer_;
  std::vector<Store> stores_;
  size_t max_;
  int timeout_ms_;
  std::vector<Row> rows_;
};

NAN_METHOD(NewConsumer) {
  rd_kafka_t* rk = info.IsConstructCall() && info.Length() >= 2 ? ClientOf(info[0]) : nullptr;
  if (rk == nullptr) return Nan::ThrowTypeError("FrameConsumer(client, workers): the client is not connected");
  const uint32_t workers = Nan::To<uint32_t>(info[1]).FromMaybe(0);
  (new Consumer(std::make_unique<FrameConsumer>(rk, workers)))->Hold(info.This());
  info.GetReturnValue().Set(info.This());
}

NAN_METHOD(Assign) {
  Consumer* consumer = Consumer::Idle(info.Holder());
  if (consumer == nullptr) return;
  consumer->core()->Assign(TextOf(info[0]), Nan::To<uint32_t>(info[1]).FromMaybe(0), Nan::To<int32_t>(info[2]).FromMaybe(-1),
                           Nan::To<int32_t>(info[3]).FromMaybe(-1));
}

NAN_METHOD(Fill) {
  Consumer* consumer = Consumer::Idle(info.Holder());
  if (consumer == nullptr) return;
  if (info.Length() < 4 || !info[0]->IsArray() || !info[3]->IsFunction())
    return Nan::ThrowTypeError("fill(frames, max, timeoutMs, callback)");
  v8::Local<v8::Array> frames = info[0].As<v8::Array>();
  std::vector<Store> stores;
  for (uint32_t index = 0; index < frames->Length(); index += 1)
    stores.push_back(StoreOf(Nan::Get(frames, index).FromMaybe(v8::Local<v8::Value>(Nan::Null()))));
  consumer->Begin();
  Nan::AsyncQueueWorker(new FillJob(new Nan::Callback(info[3].As<v8::Function>()), consumer, std::move(stores),
                                    Nan::To<uint32_t>(info[1]).FromMaybe(0), Nan::To<int32_t>(info[2]).FromMaybe(0)));
}

NAN_METHOD(CarriedBytes) {
  Consumer* consumer = Consumer::Idle(info.Holder());
  if (consumer == nullptr) return;
  const uint32_t worker = Nan::To<uint32_t>(info[0]).FromMaybe(0);
  const int64_t bytes = worker < consumer->core()->workers() ? consumer->core()->CarriedBytes(worker) : 0;
  info.GetReturnValue().Set(static_cast<double>(bytes));
}

class ProduceJob : public Nan::AsyncWorker {
 public:
  ProduceJob(Nan::Callback* callback, Producer* producer, Store frame, uint32_t from)
      : Nan::AsyncWorker(callback, "handover:produce"), producer_(producer), frame_(std::move(frame)), from_(from) {}

  void Execute() override {
    const FrameTarget frame = TargetOf(frame_);
    result_ = producer_->core()->ProduceFrame(frame.data, frame.size, from_);
  }

  void HandleOKCallback() override {
    Nan::HandleScope scope;
    std::vector<double> refused;
    for (const Refusal& refusal : result_.refused) {
      refused.push_back(refusal.entry);
      refused.push_back(refusal.error);
    }
    const int next = result_.end == ProduceEnd::kQueueFull ? static_cast<int>(result_.next) : -1;
    v8::Local<v8::Value> arguments[] = {
        Nan::New(result_.end == ProduceEnd::kBrokenFrame), Nan::New(next),
        Numbers(std::vector<double>(result_.produced.begin(), result_.produced.end())), Numbers(refused)};
    producer_->End();
    callback->Call(4, arguments, async_resource);
  }

 private:
  Producer* producer_;
  Store frame_;
  uint32_t from_;
  ProduceResult result_;
};

NAN_METHOD(NewProducer) {
  rd_kafka_t* rk = info.IsConstructCall() && info.Length() >= 2 ? ClientOf(info[0]) : nullptr;
  if (rk == nullptr || !info[1]->IsArray())
    return Nan::ThrowTypeError("FrameProducer(client, topics): the client is not connected");
  v8::Local<v8::Array> names = info[1].As<v8::Array>();
  std::vector<std::string> topics;
  for (uint32_t index = 0; index < names->Length(); index += 1)
    topics.push_back(TextOf(Nan::Get(names, index).FromMaybe(v8::Local<v8::Value>(Nan::EmptyString()))));
  (new Producer(std::make_unique<FrameProducer>(rk, topics)))->Hold(info.This());
  info.GetReturnValue().Set(info.This());
}

NAN_METHOD(ProduceFrame) {
  Producer* producer = Producer::Idle(info.Holder());
  if (producer == nullptr) return;
  Store frame = info.Length() >= 3 ? StoreOf(info[0]) : nullptr;
  if (frame == nullptr || !info[2]->IsFunction()) return Nan::ThrowTypeError("produceFrame(frame, from, callback)");
  producer->Begin();
  Nan::AsyncQueueWorker(new ProduceJob(new Nan::Callback(info[2].As<v8::Function>()), producer, std::move(frame),
                                       Nan::To<uint32_t>(info[1]).FromMaybe(0)));
}

NAN_METHOD(ProduceRecord) {
  Producer* producer = Producer::Idle(info.Holder());
  if (producer == nullptr) return;
  std::vector<Header> headers;
  if (info.Length() < 6 || !ReadHeaders(BytesOf(info[5]), &headers))
    return Nan::ThrowTypeError("produce(topic, partition, timestamp, key, value, headers): the headers are broken");
  const rd_kafka_resp_err_t error = producer->core()->Produce(
      TextOf(info[0]), Nan::To<int32_t>(info[1]).FromMaybe(-1), Nan::To<int64_t>(info[2]).FromMaybe(0), BytesOf(info[3]),
      BytesOf(info[4]), headers);
  info.GetReturnValue().Set(static_cast<int32_t>(error));
}

/** exit() waits for libuv's threads, of which one may wait in librdkafka for ever. */
NAN_METHOD(EndProcess) { _exit(Nan::To<int32_t>(info[0]).FromMaybe(1)); }

NAN_METHOD(ErrorText) {
  const auto error = static_cast<rd_kafka_resp_err_t>(Nan::To<int32_t>(info[0]).FromMaybe(0));
  info.GetReturnValue().Set(Nan::New(rd_kafka_err2str(error)).ToLocalChecked());
}

v8::Local<v8::FunctionTemplate> ClassOf(const char* name, Nan::FunctionCallback constructor) {
  v8::Local<v8::FunctionTemplate> made = Nan::New<v8::FunctionTemplate>(constructor);
  made->SetClassName(Nan::New(name).ToLocalChecked());
  made->InstanceTemplate()->SetInternalFieldCount(1);
  return made;
}

/** librdkafka's threads hand buffers to one another: in an arena for each of them freed memory stays with the wrong one. */
void FewArenas() {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 2);
#endif
}

NAN_MODULE_INIT(Init) {
  FewArenas();
  v8::Local<v8::FunctionTemplate> consumer = ClassOf("FrameConsumer", NewConsumer);
  Nan::SetPrototypeMethod(consumer, "assign", Assign);
  Nan::SetPrototypeMethod(consumer, "fill", Fill);
  Nan::SetPrototypeMethod(consumer, "carriedBytes", CarriedBytes);
  Nan::SetPrototypeMethod(consumer, "close", Consumer::CloseNow);
  v8::Local<v8::FunctionTemplate> producer = ClassOf("FrameProducer", NewProducer);
  Nan::SetPrototypeMethod(producer, "produceFrame", ProduceFrame);
  Nan::SetPrototypeMethod(producer, "produce", ProduceRecord);
  Nan::SetPrototypeMethod(producer, "close", Producer::CloseNow);
  Nan::Set(target, Nan::New("FrameConsumer").ToLocalChecked(), Nan::GetFunction(consumer).ToLocalChecked());
  Nan::Set(target, Nan::New("FrameProducer").ToLocalChecked(), Nan::GetFunction(producer).ToLocalChecked());
  Nan::Set(target, Nan::New("errorText").ToLocalChecked(),
           Nan::GetFunction(Nan::New<v8::FunctionTemplate>(ErrorText)).ToLocalChecked());
  Nan::Set(target, Nan::New("endProcess").ToLocalChecked(),
           Nan::GetFunction(Nan::New<v8::FunctionTemplate>(EndProcess)).ToLocalChecked());
  Nan::Set(target, Nan::New("nodeRdkafka").ToLocalChecked(), Nan::New(NODE_RDKAFKA_VERSION).ToLocalChecked());
  Nan::Set(target, Nan::New("compiledFor").ToLocalChecked(), Nan::New<v8::Uint32>(static_cast<uint32_t>(RD_KAFKA_VERSION)));
  Nan::Set(target, Nan::New("loaded").ToLocalChecked(), Nan::New<v8::Uint32>(static_cast<uint32_t>(rd_kafka_version())));
}

NODE_MODULE(handover, Init)

}  // namespace
}  // namespace handover
