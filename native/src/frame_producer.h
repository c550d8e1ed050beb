// Gives the records of an analytics frame to a producer, without V8: addon.cc puts it on a thread of libuv's pool.
#ifndef HANDOVER_FRAME_PRODUCER_H_
#define HANDOVER_FRAME_PRODUCER_H_

#include <rdkafka.h>

#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"

namespace handover {

// A record that librdkafka refused at once.
struct Refusal {
  uint32_t entry;
  rd_kafka_resp_err_t error;
};

enum class ProduceEnd { kDone, kQueueFull, kBrokenFrame };

struct ProduceResult {
  ProduceEnd end = ProduceEnd::kDone;
  // Entry to go on with after kQueueFull.
  uint32_t next = 0;
  // By topic index: records given to librdkafka.
  std::vector<uint32_t> produced;
  std::vector<Refusal> refused;
};

class FrameProducer {
 public:
  // `topics` by the index that frames name; an empty one is never produced to. `rk` must outlive this object.
  FrameProducer(rd_kafka_t* rk, const std::vector<std::string>& topics);
  ~FrameProducer();
  FrameProducer(const FrameProducer&) = delete;
  FrameProducer& operator=(const FrameProducer&) = delete;

  // Produces the entries from `from` on, in order. librdkafka copies them. The opaque stays null: node-rdkafka, whose delivery
  // callback hears of failures, takes any other for one of its own objects.
  ProduceResult ProduceFrame(const uint8_t* data, size_t size, uint32_t from);

  // One record with a place and headers of its own. Partition -1: by the key; timestamp 0: now.
  rd_kafka_resp_err_t Produce(const std::string& topic, int32_t partition, int64_t timestamp, const Bytes& key,
                              const Bytes& value, const std::vector<Header>& headers);

  // Gives everything back to librdkafka. Safe to repeat.
  void Close();

 private:
  rd_kafka_t* rk_;
  std::vector<rd_kafka_topic_t*> topics_;
};

}  // namespace handover

#endif  // HANDOVER_FRAME_PRODUCER_H_
