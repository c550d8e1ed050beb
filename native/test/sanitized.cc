// The hand-over without Node, for a build with -fsanitize=address,undefined (test/native/sanitized.test.ts): frames of random contents,
// and both cores over librdkafka's mock broker. Ends with 0 and a line of counts, or says which check failed.
//   sanitized SEED ROUNDS
#include <rdkafka.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../src/frame.h"
#include "../src/frame_consumer.h"
#include "../src/frame_producer.h"

using namespace handover;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
      std::exit(1);                                                             \
    }                                                                           \
  } while (0)

namespace {

std::mt19937_64 random_bits;

size_t Below(size_t limit) { return limit == 0 ? 0 : random_bits() % limit; }

// Memory of just this size, so that a step beside it is seen.
std::unique_ptr<uint8_t[]> Noise(size_t size) {
  auto bytes = std::unique_ptr<uint8_t[]>(new uint8_t[size]);
  for (size_t at = 0; at < size; at += 1) bytes[at] = static_cast<uint8_t>(random_bits());
  return bytes;
}

// Any frame at all: the reader says that it is broken or reads it, and never reads beside it.
size_t ReadNoise() {
  const size_t size = Below(200);
  auto bytes = Noise(size);
  if (size >= kFrameHead && Below(4) > 0) {
    Put<uint32_t>(bytes.get(), kAnalyticsMagic);
    Put<uint32_t>(bytes.get() + 4, static_cast<uint32_t>(Below(5)));
    Put<uint32_t>(bytes.get() + 8, static_cast<uint32_t>(Below(size + 9)));
    for (size_t at = kFrameHead; at + kAnalyticsHead <= size && Below(3) > 0; at += 8) {
      Put<uint32_t>(bytes.get() + at, static_cast<uint32_t>(Below(80)));
      Put<uint32_t>(bytes.get() + at + 12, static_cast<uint32_t>(Below(40)));
      Put<uint32_t>(bytes.get() + at + 16, static_cast<uint32_t>(Below(40)));
    }
  }
  AnalyticsFrameReader reader(bytes.get(), size);
  AnalyticsEntry entry;
  size_t sum = 0;
  while (reader.Next(&entry)) {
    for (size_t at = 0; at < entry.key.size; at += 1) sum += entry.key.data[at];
    for (size_t at = 0; at < entry.value.size; at += 1) sum += entry.value.data[at];
  }
  std::vector<Header> headers;
  if (size >= 4 && Below(2) == 0) Put<uint32_t>(bytes.get(), static_cast<uint32_t>(Below(4)));
  if (ReadHeaders({bytes.get(), size}, &headers))
    for (const Header& header : headers)
      for (size_t at = 0; at < header.value.size; at += 1) sum += header.value.data[at];
  return sum;
}

// The value of the entry at a place, put together again.
std::string ValueAt(const uint8_t* frame, size_t entry) {
  const size_t key_size = static_cast<size_t>(std::max(0, Get<int32_t>(frame + entry + 12)));
  const size_t own_size = static_cast<size_t>(std::max(0, Get<int32_t>(frame + entry + 16)));
  const size_t prefix_at = Get<uint32_t>(frame + entry + 40), prefix_size = Get<uint32_t>(frame + entry + 44);
  CHECK(prefix_at + prefix_size <= entry);
  const char* text = reinterpret_cast<const char*>(frame);
  return std::string(text + prefix_at, prefix_size) + std::string(text + entry + kRecordHead + key_size, own_size);
}

// Bytes of a value: mostly noise, sometimes behind one of three schemas, whole or cut off.
std::string NoisyValue() {
  const std::string schemas[] = {"{\"schema\":{\"a\":1},\"payload\":", "{\"schema\":{\"a\":10},\"payload\":", "{\"schema\":"};
  std::string value = Below(2) ? schemas[Below(3)] : "";
  const size_t size = Below(200);
  auto noise = Noise(size);
  value.append(reinterpret_cast<const char*>(noise.get()), size);
  if (Below(4) == 0) value.resize(Below(value.size() + 1));
  return value;
}

// Any record into a frame of any size: it is there whole or not at all.
void WriteNoise() {
  const size_t capacity = Below(900);
  auto frame = Noise(capacity);
  RecordFrameWriter writer(frame.get(), capacity);
  size_t written = 0, used = kFrameHead;
  for (size_t count = Below(8); count > 0; count -= 1) {
    const size_t key_size = Below(40), name_size = Below(10);
    auto key = Noise(key_size), name = Noise(name_size);
    const std::string value = NoisyValue();
    // A copy of just this size, so that a comparison beside it is seen.
    auto bytes = std::unique_ptr<uint8_t[]>(new uint8_t[value.size()]);
    std::memcpy(bytes.get(), value.data(), value.size());
    std::vector<Header> headers(Below(3), Header{{name.get(), name_size}, {Below(2) ? bytes.get() : nullptr, 0}});
    Record record;
    record.topic_id = static_cast<uint32_t>(Below(2));
    if (Below(3) > 0) record.key = {key.get(), key_size};
    if (Below(3) > 0) record.value = {bytes.get(), value.size()};
    record.headers = Below(2) ? &headers : nullptr;
    const size_t size_max = RecordFrameWriter::EntryBytes(record);
    const bool fits = writer.Append(record);
    // A record that has a prefix may need less than it would by itself, and never more.
    CHECK(fits || used + size_max > capacity);
    if (!fits) continue;
    const size_t size = Get<uint32_t>(frame.get() + used);
    CHECK(size <= size_max && used + size <= capacity);
    CHECK((Get<int32_t>(frame.get() + used + 16) < 0) == (record.value.data == nullptr));
    CHECK(record.value.data == nullptr || ValueAt(frame.get(), used) == value);
    used += size;
    written += 1;
  }
  CHECK(writer.count() == written);
  if (capacity >= kFrameHead) CHECK(Get<uint32_t>(frame.get() + 4) == written && Get<uint32_t>(frame.get() + 8) == used);
}

rd_kafka_t* Client(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& settings) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings)
    CHECK(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK);
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof error);
  CHECK(client != nullptr);
  return client;
}

// An analytics frame with `count` entries of one topic.
std::vector<uint8_t> AnalyticsFrame(uint32_t count, size_t value_size, uint32_t topic_index) {
  const std::string key = "tactical-rmm:7", value(value_size, 'v');
  const size_t entry = Align8(kAnalyticsHead + key.size() + value.size());
  std::vector<uint8_t> frame(kFrameHead + entry * count);
  Put<uint32_t>(frame.data(), kAnalyticsMagic);
  Put<uint32_t>(frame.data() + 4, count);
  Put<uint32_t>(frame.data() + 8, static_cast<uint32_t>(frame.size()));
  for (uint32_t index = 0; index < count; index += 1) {
    uint8_t* at = frame.data() + kFrameHead + entry * index;
    Put<uint32_t>(at, static_cast<uint32_t>(entry));
    Put<uint32_t>(at + 8, topic_index);
    Put<uint32_t>(at + 12, static_cast<uint32_t>(key.size()));
    Put<uint32_t>(at + 16, static_cast<uint32_t>(value.size()));
    std::memcpy(at + kAnalyticsHead, key.data(), key.size());
    std::memcpy(at + kAnalyticsHead + key.size(), value.data(), value.size());
  }
  return frame;
}

constexpr uint32_t kRecords = 300;

void Produce(rd_kafka_t* client) {
  FrameProducer producer(client, {"", "out"});
  const auto frame = AnalyticsFrame(kRecords - 2, 100, 1);
  const ProduceResult done = producer.ProduceFrame(frame.data(), frame.size(), 0);
  CHECK(done.end == ProduceEnd::kDone && done.produced[1] == kRecords - 2 && done.refused.empty());
  const auto unknown = AnalyticsFrame(1, 10, 7);
  CHECK(producer.ProduceFrame(unknown.data(), unknown.size(), 0).end == ProduceEnd::kBrokenFrame);
  const auto huge = AnalyticsFrame(1, 2'000'000, 1);
  CHECK(producer.ProduceFrame(huge.data(), huge.size(), 0).refused.at(0).error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  const uint8_t raw[] = {0xff, 0x00, 0xfe};
  const std::string name = "h";
  const std::vector<Header> headers = {{{reinterpret_cast<const uint8_t*>(name.data()), 1}, {raw, sizeof raw}},
                                       {{reinterpret_cast<const uint8_t*>(name.data()), 1}, {}}};
  const std::string large(60'000, 'x');
  CHECK(producer.Produce("out", 0, 5000, {raw, sizeof raw}, {}, headers) == RD_KAFKA_RESP_ERR_NO_ERROR);
  CHECK(producer.Produce("out", 0, 0, {}, {reinterpret_cast<const uint8_t*>(large.data()), large.size()}, {}) ==
        RD_KAFKA_RESP_ERR_NO_ERROR);
  CHECK(rd_kafka_flush(client, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

// Reads everything through frames too small for much, lets one worker wait, gives a partition up, and closes with records in hand.
void Consume(const std::string& brokers) {
  rd_kafka_t* client = Client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                  {"group.id", "g"},
                                                  {"enable.partition.eof", "true"},
                                                  {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(4);
  for (int32_t partition = 0; partition < 4; partition += 1)
    rd_kafka_topic_partition_list_add(partitions, "out", partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  CHECK(rd_kafka_assign(client, partitions) == RD_KAFKA_RESP_ERR_NO_ERROR);
  {
    FrameConsumer consumer(client, 2);
    for (int32_t partition = 0; partition < 4; partition += 1) consumer.Assign("out", 3, partition, partition % 2);
    int64_t records = 0, ends = 0;
    size_t frame_bytes = 4096;
    for (int round = 0; round < 5000 && (records < kRecords || ends < 4); round += 1) {
      // In every other round the second worker has no frame: its records are carried over.
      auto first = Noise(frame_bytes), second = Noise(4096);
      std::vector<FrameTarget> targets = {{first.get(), frame_bytes}, {round % 2 ? second.get() : nullptr, 4096}};
      std::vector<Row> rows;
      consumer.Fill(targets, 1 + Below(50), 10, &rows);
      frame_bytes = 4096;
      for (const Row& row : rows) {
        records += row.records;
        ends += row.kind == RowKind::kEnd ? 1 : 0;
        if (row.kind == RowKind::kOversize && row.worker == 0) frame_bytes = static_cast<size_t>(row.number);
      }
    }
    CHECK(records == kRecords && ends == 4);
    // Once more, without a frame for anybody: everything is carried over; half of it is given up, the rest goes with Close.
    rd_kafka_seek_partitions(client, partitions, 5000);
    for (int round = 0; round < 500 && consumer.CarriedBytes(0) + consumer.CarriedBytes(1) < 20'000; round += 1) {
      std::vector<Row> rows;
      consumer.Fill({}, 50, 10, &rows);
    }
    CHECK(consumer.CarriedBytes(0) + consumer.CarriedBytes(1) >= 20'000);
    for (int32_t partition = 0; partition < 4; partition += 2) consumer.Assign("out", 3, partition, -1);
    CHECK(consumer.CarriedBytes(0) == 0);
    consumer.Close();
    std::vector<Row> rows;
    consumer.Fill({}, 50, 0, &rows);
    CHECK(rows.empty());
  }
  rd_kafka_topic_partition_list_destroy(partitions);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long seed = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  const unsigned long rounds = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 100'000;
  random_bits.seed(seed);
  for (unsigned long round = 0; round < rounds; round += 1) {
    ReadNoise();
    WriteNoise();
  }
  rd_kafka_t* producer = Client(RD_KAFKA_PRODUCER, {{"test.mock.num.brokers", "1"}, {"queue.buffering.max.ms", "0"}});
  char brokers[256];
  const rd_kafka_metadata_t* metadata = nullptr;
  CHECK(rd_kafka_metadata(producer, 0, nullptr, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  std::snprintf(brokers, sizeof brokers, "%s:%d", metadata->brokers[0].host, metadata->brokers[0].port);
  rd_kafka_metadata_destroy(metadata);
  Produce(producer);
  Consume(brokers);
  rd_kafka_destroy(producer);
  std::printf("%lu rounds of frames, %u records through the mock broker\n", rounds, kRecords);
  return 0;
}
