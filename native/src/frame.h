// The two frames of the product in shared memory, as src/shared/record-frame.ts and src/shared/analytics-frame.ts describe them.
// Nothing here knows Kafka or V8, so that it can be tested with a sanitizer alone.
#ifndef HANDOVER_FRAME_H_
#define HANDOVER_FRAME_H_

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace handover {

// Bytes that somebody else owns; `data` null is Kafka's null.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

struct Header {
  Bytes name;
  Bytes value;
};

// A record as it goes into a frame.
struct Record {
  uint32_t topic_id = 0;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp = -1;
  Bytes key;
  Bytes value;
  const std::vector<Header>* headers = nullptr;
};

constexpr size_t kFrameHead = 16;
constexpr uint32_t kRecordMagic = 0x3153464f;
constexpr size_t kRecordHead = 48;
constexpr uint32_t kAnalyticsMagic = 0x4153464f;
constexpr size_t kAnalyticsHead = 24;

inline size_t Align8(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

// The frames are little-endian, as every platform is that Node runs on here; memcpy, because entries' parts are not aligned.
template <typename T>
inline void Put(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
inline T Get(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline uint8_t* PutBytes(uint8_t* at, const Bytes& bytes) {
  if (bytes.size > 0) std::memcpy(at, bytes.data, bytes.size);
  return at + bytes.size;
}

// A length as the frame has it: -1 for null.
inline int32_t LengthOf(const Bytes& bytes) {
  return bytes.data == nullptr ? -1 : static_cast<int32_t>(bytes.size);
}

// With `schemas.enable=true` the values of a topic begin with the same schema: a frame holds it once (src/shared/value-prefix.ts).
class ValuePrefixes {
 public:
  // Bytes of the frame that a value begins with; none when `bytes` is 0.
  struct Prefix {
    size_t at = 0;
    size_t bytes = 0;
  };

  // What a value has in common with one that is in the frame.
  Prefix Find(const uint8_t* frame, uint32_t topic_id, const Bytes& value) const {
    if (!HasOpening(value)) return {};
    for (const Known& known : known_) {
      const auto& [at, bytes] = known.prefix;
      if (known.topic_id == topic_id && value.size >= bytes && std::memcmp(frame + at, value.data, bytes) == 0) return known.prefix;
    }
    return {};
  }

  // A value without a known prefix was put into the frame.
  void Learn(uint32_t topic_id, const Bytes& value, size_t at) {
    if (known_.size() == kKnownMax || !HasOpening(value)) return;
    const void* payload = memmem(value.data, value.size, kPayload, sizeof kPayload - 1);
    if (payload == nullptr) return;
    const size_t before = static_cast<size_t>(static_cast<const uint8_t*>(payload) - value.data);
    known_.push_back({topic_id, {at, before + sizeof kPayload - 1}});
  }

 private:
  struct Known {
    uint32_t topic_id;
    Prefix prefix;
  };

  static constexpr char kOpening[] = "{\"schema\":";
  static constexpr char kPayload[] = ",\"payload\":";
  static constexpr size_t kKnownMax = 64;

  static bool HasOpening(const Bytes& value) {
    return value.size >= sizeof kOpening - 1 && std::memcmp(value.data, kOpening, sizeof kOpening - 1) == 0;
  }

  std::vector<Known> known_;
};

class RecordFrameWriter {
 public:
  // `data` null: there is no frame, and nothing fits.
  RecordFrameWriter(uint8_t* data, size_t capacity) : data_(data), capacity_(data == nullptr ? 0 : capacity) {
    if (capacity_ < kFrameHead) capacity_ = 0;
    Seal();
  }

  uint32_t count() const { return count_; }
  bool exists() const { return capacity_ > 0; }

  static size_t HeaderBytes(const Record& record) {
    if (record.headers == nullptr || record.headers->empty()) return 0;
    size_t bytes = 4;
    for (const Header& header : *record.headers) bytes += 8 + header.name.size + header.value.size;
    return bytes;
  }

  // Bytes that the record takes in a frame at most.
  static size_t EntryBytes(const Record& record) {
    return Align8(kRecordHead + record.key.size + record.value.size + HeaderBytes(record));
  }

  // Bytes of a frame that holds just this record.
  static size_t FrameBytes(const Record& record) { return kFrameHead + EntryBytes(record); }

  // False when it does not fit any more; the frame is unchanged then.
  bool Append(const Record& record) {
    const ValuePrefixes::Prefix prefix = prefixes_.Find(data_, record.topic_id, record.value);
    Bytes own = record.value;
    if (prefix.bytes > 0) own = {own.data + prefix.bytes, own.size - prefix.bytes};
    const size_t header_bytes = HeaderBytes(record);
    const size_t size = Align8(kRecordHead + record.key.size + own.size + header_bytes);
    if (size > capacity_ || used_ > capacity_ - size || size > std::numeric_limits<int32_t>::max()) return false;
    uint8_t* at = data_ + used_;
    Put<uint32_t>(at, static_cast<uint32_t>(size));
    Put<uint32_t>(at + 4, record.topic_id);
    Put<int32_t>(at + 8, record.partition);
    Put<int32_t>(at + 12, LengthOf(record.key));
    Put<int32_t>(at + 16, LengthOf(own));
    Put<uint32_t>(at + 20, static_cast<uint32_t>(header_bytes));
    Put<double>(at + 24, static_cast<double>(record.offset));
    Put<double>(at + 32, static_cast<double>(record.timestamp));
    Put<uint32_t>(at + 40, static_cast<uint32_t>(prefix.at));
    Put<uint32_t>(at + 44, static_cast<uint32_t>(prefix.bytes));
    uint8_t* value_at = PutBytes(at + kRecordHead, record.key);
    if (prefix.bytes == 0) prefixes_.Learn(record.topic_id, record.value, static_cast<size_t>(value_at - data_));
    uint8_t* end = PutBytes(value_at, own);
    if (header_bytes > 0) end = PutHeaders(end, *record.headers);
    // What padding holds is never read, but a frame should not tell of the one before it.
    std::memset(end, 0, static_cast<size_t>(at + size - end));
    used_ += size;
    count_ += 1;
    Seal();
    return true;
  }

 private:
  static uint8_t* PutHeaders(uint8_t* at, const std::vector<Header>& headers) {
    Put<uint32_t>(at, static_cast<uint32_t>(headers.size()));
    at += 4;
    for (const Header& header : headers) {
      Put<uint32_t>(at, static_cast<uint32_t>(header.name.size));
      Put<int32_t>(at + 4, LengthOf(header.value));
      at = PutBytes(PutBytes(at + 8, header.name), header.value);
    }
    return at;
  }

  void Seal() {
    if (capacity_ == 0) return;
    Put<uint32_t>(data_, kRecordMagic);
    Put<uint32_t>(data_ + 4, count_);
    Put<uint32_t>(data_ + 8, static_cast<uint32_t>(used_));
    Put<uint32_t>(data_ + 12, 0);
  }

  uint8_t* data_;
  size_t capacity_;
  size_t used_ = kFrameHead;
  uint32_t count_ = 0;
  ValuePrefixes prefixes_;
};

// An encoded analytics record in its frame.
struct AnalyticsEntry {
  uint32_t topic_index = 0;
  Bytes key;
  Bytes value;
};

// Reads a frame that a worker made. Trusts nothing in it: a broken one ends the reading with `broken`, never a read beside it.
class AnalyticsFrameReader {
 public:
  AnalyticsFrameReader(const uint8_t* data, size_t size) : data_(data) {
    if (size < kFrameHead || Get<uint32_t>(data) != kAnalyticsMagic) return;
    used_ = Get<uint32_t>(data + 8);
    if (used_ < kFrameHead || used_ > size) return;
    left_ = Get<uint32_t>(data + 4);
    broken_ = false;
  }

  bool broken() const { return broken_; }

  // False at the end, and when the frame is broken.
  bool Next(AnalyticsEntry* entry) {
    if (broken_ || left_ == 0) return false;
    broken_ = true;
    if (used_ - at_ < kAnalyticsHead) return false;
    const uint8_t* start = data_ + at_;
    const size_t size = Get<uint32_t>(start);
    const size_t key_bytes = Get<uint32_t>(start + 12);
    const size_t value_bytes = Get<uint32_t>(start + 16);
    if (size > used_ - at_ || kAnalyticsHead + key_bytes + value_bytes > size) return false;
    entry->topic_index = Get<uint32_t>(start + 8);
    entry->key = {start + kAnalyticsHead, key_bytes};
    entry->value = {start + kAnalyticsHead + key_bytes, value_bytes};
    at_ += size;
    left_ -= 1;
    broken_ = false;
    return true;
  }

 private:
  const uint8_t* data_;
  size_t used_ = kFrameHead;
  size_t at_ = kFrameHead;
  uint32_t left_ = 0;
  bool broken_ = true;
};

// Headers in the record frame's form (`encodeHeaders`), for a record that is produced on its own. False when they are broken.
inline bool ReadHeaders(const Bytes& encoded, std::vector<Header>* headers) {
  if (encoded.size == 0) return true;
  if (encoded.size < 4) return false;
  const uint32_t count = Get<uint32_t>(encoded.data);
  size_t at = 4;
  for (uint32_t index = 0; index < count; index += 1) {
    if (encoded.size - at < 8) return false;
    const size_t name_bytes = Get<uint32_t>(encoded.data + at);
    const int32_t value_length = Get<int32_t>(encoded.data + at + 4);
    const size_t value_bytes = value_length < 0 ? 0 : static_cast<size_t>(value_length);
    at += 8;
    if (name_bytes > encoded.size - at || value_bytes > encoded.size - at - name_bytes) return false;
    const uint8_t* name = encoded.data + at;
    const uint8_t* value = value_length < 0 ? nullptr : name + name_bytes;
    headers->push_back({{name, name_bytes}, {value, value_bytes}});
    at += name_bytes + value_bytes;
  }
  return at == encoded.size;
}

}  // namespace handover

#endif  // HANDOVER_FRAME_H_
