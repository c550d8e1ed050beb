#include "frame_producer.h"

namespace handover {

namespace {

// librdkafka takes memory that it copies as not const.
void* Mutable(const Bytes& bytes) { return const_cast<uint8_t*>(bytes.data); }

}  // namespace

FrameProducer::FrameProducer(rd_kafka_t* rk, const std::vector<std::string>& topics) : rk_(rk) {
  for (const std::string& topic : topics)
    // Without a configuration of its own a topic has the client's default one, which node-rdkafka made of its second argument.
    topics_.push_back(topic.empty() ? nullptr : rd_kafka_topic_new(rk, topic.c_str(), nullptr));
}

FrameProducer::~FrameProducer() { Close(); }

void FrameProducer::Close() {
  for (rd_kafka_topic_t* topic : topics_)
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  topics_.clear();
  rk_ = nullptr;
}

ProduceResult FrameProducer::ProduceFrame(const uint8_t* data, size_t size, uint32_t from) {
  ProduceResult result;
  result.produced.resize(topics_.size());
  AnalyticsFrameReader reader(data, size);
  AnalyticsEntry entry;
  for (uint32_t index = 0; reader.Next(&entry); index += 1) {
    if (index < from) continue;
    rd_kafka_topic_t* topic = entry.topic_index < topics_.size() ? topics_[entry.topic_index] : nullptr;
    if (topic == nullptr) {
      result.end = ProduceEnd::kBrokenFrame;
      return result;
    }
    const int refused = rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, Mutable(entry.value),
                                         entry.value.size, entry.key.data, entry.key.size, nullptr);
    if (refused == 0) {
      result.produced[entry.topic_index] += 1;
      continue;
    }
    const rd_kafka_resp_err_t error = rd_kafka_last_error();
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      result.end = ProduceEnd::kQueueFull;
      result.next = index;
      return result;
    }
    result.refused.push_back({index, error});
  }
  if (reader.broken()) result.end = ProduceEnd::kBrokenFrame;
  return result;
}

rd_kafka_resp_err_t FrameProducer::Produce(const std::string& topic, int32_t partition, int64_t timestamp, const Bytes& key,
                                           const Bytes& value, const std::vector<Header>& headers) {
  if (rk_ == nullptr) return RD_KAFKA_RESP_ERR__STATE;
  rd_kafka_headers_t* copied = rd_kafka_headers_new(headers.size());
  for (const Header& header : headers)
    rd_kafka_header_add(copied, reinterpret_cast<const char*>(header.name.data), static_cast<ssize_t>(header.name.size),
                        header.value.data, static_cast<ssize_t>(header.value.size));
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      rk_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key.data, key.size), RD_KAFKA_V_VALUE(Mutable(value), value.size), RD_KAFKA_V_TIMESTAMP(timestamp),
      RD_KAFKA_V_HEADERS(copied), RD_KAFKA_V_END);
  // librdkafka owns them only when it took the record.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(copied);
  return error;
}

}  // namespace handover
