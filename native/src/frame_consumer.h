// Fills the workers' record frames from a consumer's queue, without V8: addon.cc puts it on a thread of libuv's pool.
#ifndef HANDOVER_FRAME_CONSUMER_H_
#define HANDOVER_FRAME_CONSUMER_H_

#include <rdkafka.h>

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frame.h"

namespace handover {

// A frame to fill; `data` null: this worker has none now.
struct FrameTarget {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// What a fill tells, row by row, in the order of src/main/handover/native-addon.ts.
enum class RowKind { kRange = 0, kEnd = 1, kError = 2, kOversize = 3 };

struct Row {
  RowKind kind;
  // Of kRange and kOversize.
  int32_t worker = -1;
  uint32_t topic_id = 0;
  int32_t partition = 0;
  // Last offset of a range, the end that was reached, librdkafka's error code, or the bytes that an oversize record's frame needs.
  int64_t number = 0;
  int64_t timestamp = 0;
  int64_t records = 0;
  int64_t bytes = 0;
};

class FrameConsumer {
 public:
  // `rk` must outlive this object: Close() comes before it is destroyed.
  FrameConsumer(rd_kafka_t* rk, size_t workers);
  ~FrameConsumer();
  FrameConsumer(const FrameConsumer&) = delete;
  FrameConsumer& operator=(const FrameConsumer&) = delete;

  // Says which worker has a partition; -1: nobody any more, and what was carried over of it is dropped. Never during Fill.
  void Assign(const std::string& topic, uint32_t topic_id, int32_t partition, int32_t worker);

  // Empties every frame, then puts what was carried over and up to `max` new records into the frames of their workers. Waits up to
  // `timeout_ms` for the first when nothing else is to be done. One target a worker.
  void Fill(const std::vector<FrameTarget>& targets, size_t max, int timeout_ms, std::vector<Row>* rows);

  // Bytes carried over for a worker.
  int64_t CarriedBytes(size_t worker) const { return lanes_[worker].bytes; }
  size_t workers() const { return lanes_.size(); }

  // Gives everything back to librdkafka. Safe to repeat.
  void Close();

 private:
  struct Partition {
    int32_t worker = -1;
    // Row of this fill that tells of the partition; of an earlier fill when `fill` is another number.
    size_t row = 0;
    uint64_t fill = 0;
  };
  struct Topic {
    uint32_t id = 0;
    std::vector<Partition> partitions;
  };
  // One worker's records that have no room yet, oldest first.
  struct Lane {
    std::deque<rd_kafka_message_t*> carried;
    int64_t bytes = 0;
    bool full = false;
  };

  void FillCarried(size_t worker, RecordFrameWriter* writer, std::vector<Row>* rows);
  void Poll(size_t max, int timeout_ms, std::vector<RecordFrameWriter>* writers, std::vector<Row>* rows);
  void Take(rd_kafka_message_t* message, std::vector<RecordFrameWriter>* writers, std::vector<Row>* rows);
  bool Append(rd_kafka_message_t* message, const Topic& topic, Partition* partition, RecordFrameWriter* writer,
              std::vector<Row>* rows);
  void Note(const Record& record, Partition* partition, std::vector<Row>* rows);
  Topic* TopicOf(const rd_kafka_message_t* message);
  Partition* PartitionOf(const rd_kafka_message_t* message, Topic** topic);
  void Carry(Lane* lane, rd_kafka_message_t* message);

  rd_kafka_queue_t* queue_;
  std::unordered_map<std::string, Topic> topics_;
  std::vector<Lane> lanes_;
  std::vector<Header> headers_;
  // The topic of the record before: records come in runs. Topics are never taken out again, and a map's entries stay where they are.
  std::pair<const std::string, Topic>* last_ = nullptr;
  uint64_t fill_ = 0;
};

}  // namespace handover

#endif  // HANDOVER_FRAME_CONSUMER_H_
