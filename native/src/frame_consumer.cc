#include "frame_consumer.h"

#include <algorithm>

namespace handover {

namespace {

Bytes BytesOf(const void* data, size_t size) {
  return {static_cast<const uint8_t*>(data), data == nullptr ? 0 : size};
}

// The headers as views into the message.
void ReadMessageHeaders(const rd_kafka_message_t* message, std::vector<Header>* headers) {
  headers->clear();
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t index = 0; rd_kafka_header_get_all(found, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; index += 1)
    headers->push_back({BytesOf(name, std::strlen(name)), BytesOf(value, size)});
}

// What a record counts while it waits: its parts and what it costs beside them.
int64_t WaitingBytes(const rd_kafka_message_t* message) {
  return static_cast<int64_t>(message->len + message->key_len + 64);
}

}  // namespace

FrameConsumer::FrameConsumer(rd_kafka_t* rk, size_t workers)
    : queue_(rd_kafka_queue_get_consumer(rk)), lanes_(workers) {}

FrameConsumer::~FrameConsumer() { Close(); }

void FrameConsumer::Close() {
  for (Lane& lane : lanes_) {
    for (rd_kafka_message_t* message : lane.carried) rd_kafka_message_destroy(message);
    lane.carried.clear();
    lane.bytes = 0;
  }
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  queue_ = nullptr;
}

void FrameConsumer::Assign(const std::string& topic, uint32_t topic_id, int32_t partition, int32_t worker) {
  if (partition < 0 || worker >= static_cast<int32_t>(lanes_.size())) return;
  Topic& entry = topics_[topic];
  entry.id = topic_id;
  const size_t index = static_cast<size_t>(partition);
  if (entry.partitions.size() <= index) entry.partitions.resize(index + 1);
  entry.partitions[index].worker = worker;
  // Whoever has it next, this process included, reads from what was committed: nothing old may come after that.
  for (Lane& lane : lanes_) {
    auto dropped = [&](rd_kafka_message_t* message) {
      if (message->partition != partition || topic != rd_kafka_topic_name(message->rkt)) return false;
      lane.bytes -= WaitingBytes(message);
      rd_kafka_message_destroy(message);
      return true;
    };
    lane.carried.erase(std::remove_if(lane.carried.begin(), lane.carried.end(), dropped), lane.carried.end());
  }
}

void FrameConsumer::Fill(const std::vector<FrameTarget>& targets, size_t max, int timeout_ms, std::vector<Row>* rows) {
  fill_ += 1;
  std::vector<RecordFrameWriter> writers;
  writers.reserve(lanes_.size());
  for (size_t worker = 0; worker < lanes_.size(); worker += 1) {
    const FrameTarget target = worker < targets.size() ? targets[worker] : FrameTarget{};
    writers.emplace_back(target.data, target.size);
    FillCarried(worker, &writers.back(), rows);
  }
  if (queue_ == nullptr) return;
  const bool has_work = !rows->empty();
  Poll(max, has_work ? 0 : timeout_ms, &writers, rows);
}

void FrameConsumer::FillCarried(size_t worker, RecordFrameWriter* writer, std::vector<Row>* rows) {
  Lane& lane = lanes_[worker];
  lane.full = !writer->exists();
  while (!lane.full && !lane.carried.empty()) {
    rd_kafka_message_t* message = lane.carried.front();
    Topic* topic = nullptr;
    Partition* partition = PartitionOf(message, &topic);
    // Assign has dropped what nobody owns any more.
    if (partition != nullptr && !Append(message, *topic, partition, writer, rows)) break;
    lane.carried.pop_front();
    lane.bytes -= WaitingBytes(message);
    rd_kafka_message_destroy(message);
  }
}

// Waits for the first record only, and then takes what is ready. One call a record: librdkafka's batch call moves a partition's position
// behind an end that it reports as if that were a record (rd_kafka_q_serve_rkmessages of 2.12.0), so that a pause and a resume would
// lose one, and it would wait for a full batch.
void FrameConsumer::Poll(size_t max, int timeout_ms, std::vector<RecordFrameWriter>* writers, std::vector<Row>* rows) {
  for (size_t taken = 0; taken < max; taken += 1) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue_, taken == 0 ? timeout_ms : 0);
    if (message == nullptr) return;
    Take(message, writers, rows);
  }
}

void FrameConsumer::Take(rd_kafka_message_t* message, std::vector<RecordFrameWriter>* writers, std::vector<Row>* rows) {
  Topic* topic = nullptr;
  Partition* partition = PartitionOf(message, &topic);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    Row row{is_end ? RowKind::kEnd : RowKind::kError};
    row.topic_id = topic == nullptr ? 0 : topic->id;
    row.partition = message->partition;
    row.number = is_end ? message->offset : static_cast<int64_t>(message->err);
    // An end of a partition that is not ours tells nobody anything; an error is told in any case.
    if (!is_end || partition != nullptr) rows->push_back(row);
    rd_kafka_message_destroy(message);
    return;
  }
  // Of a partition that was given up while its record stood in the queue: its next owner reads it.
  if (partition == nullptr) {
    rd_kafka_message_destroy(message);
    return;
  }
  const size_t worker = static_cast<size_t>(partition->worker);
  Lane& lane = lanes_[worker];
  // Behind a record that waits everything waits: order within a partition.
  if (lane.full || !Append(message, *topic, partition, &(*writers)[worker], rows)) Carry(&lane, message);
  else rd_kafka_message_destroy(message);
}

// False when it does not fit; the worker's frame then takes nothing more.
bool FrameConsumer::Append(rd_kafka_message_t* message, const Topic& topic, Partition* partition, RecordFrameWriter* writer,
                           std::vector<Row>* rows) {
  ReadMessageHeaders(message, &headers_);
  Record record;
  record.topic_id = topic.id;
  record.partition = message->partition;
  record.offset = message->offset;
  rd_kafka_timestamp_type_t type;
  record.timestamp = rd_kafka_message_timestamp(message, &type);
  record.key = BytesOf(message->key, message->key_len);
  record.value = BytesOf(message->payload, message->len);
  record.headers = &headers_;
  if (writer->Append(record)) {
    Note(record, partition, rows);
    return true;
  }
  lanes_[static_cast<size_t>(partition->worker)].full = true;
  if (writer->count() == 0) {
    Row row{RowKind::kOversize, partition->worker, topic.id, message->partition};
    row.number = static_cast<int64_t>(RecordFrameWriter::FrameBytes(record));
    rows->push_back(row);
  }
  return false;
}

// One row tells of all records of a partition in this fill's frame.
void FrameConsumer::Note(const Record& record, Partition* partition, std::vector<Row>* rows) {
  if (partition->fill != fill_) {
    partition->fill = fill_;
    partition->row = rows->size();
    rows->push_back({RowKind::kRange, partition->worker, record.topic_id, record.partition});
  }
  Row& row = (*rows)[partition->row];
  row.number = record.offset;
  row.timestamp = record.timestamp;
  row.records += 1;
  row.bytes += static_cast<int64_t>(record.value.size + record.key.size);
}

// By name, not by librdkafka's handle: a handle's memory may be another topic's by the next record.
FrameConsumer::Topic* FrameConsumer::TopicOf(const rd_kafka_message_t* message) {
  if (message->rkt == nullptr) return nullptr;
  const char* name = rd_kafka_topic_name(message->rkt);
  if (last_ != nullptr && last_->first == name) return &last_->second;
  const auto found = topics_.find(name);
  if (found == topics_.end()) return nullptr;
  last_ = &*found;
  return &last_->second;
}

// Null when the partition is nobody's.
FrameConsumer::Partition* FrameConsumer::PartitionOf(const rd_kafka_message_t* message, Topic** topic) {
  *topic = TopicOf(message);
  if (*topic == nullptr || message->partition < 0) return nullptr;
  const size_t index = static_cast<size_t>(message->partition);
  if (index >= (*topic)->partitions.size()) return nullptr;
  Partition* partition = &(*topic)->partitions[index];
  return partition->worker < 0 ? nullptr : partition;
}

void FrameConsumer::Carry(Lane* lane, rd_kafka_message_t* message) {
  lane->carried.push_back(message);
  lane->bytes += WaitingBytes(message);
}

}  // namespace handover
