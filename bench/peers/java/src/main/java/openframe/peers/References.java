package openframe.peers;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Sites and organisations of the plain program: read to their ends before it begins, and followed by a thread from then on. */
final class References implements AutoCloseable {
  private final Map<String, Site> sites = new ConcurrentHashMap<>();
  private final Map<String, String> organisations = new ConcurrentHashMap<>();
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, BiConsumer<String, JsonNode>> topics;
  private volatile boolean closed;
  private final Thread follower;

  References(Options options) {
    topics = Map.of(options.text("sites"), this::takeSite, options.text("organisations"), this::takeOrganisation);
    consumer = new KafkaConsumer<>(options.consumer(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics.keySet())
      for (PartitionInfo info : consumer.partitionsFor(topic))
        partitions.add(new TopicPartition(topic, info.partition()));
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) poll();
    follower = new Thread(this::follow, "references");
    follower.setDaemon(true);
    follower.start();
  }

  void fill(Device device) {
    Reference.fill(device, sites::get, organisations::get);
  }

  private void follow() {
    while (!closed) poll();
    consumer.close();
  }

  private void poll() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200)))
      topics.get(record.topic()).accept(Reference.id(record.key()), Reference.row(record.value()));
  }

  private void takeSite(String id, JsonNode row) {
    if (row == null) sites.remove(id);
    else sites.put(id, Reference.site(row));
  }

  private void takeOrganisation(String id, JsonNode row) {
    String name = row == null ? null : Reference.organisationName(row);
    if (name == null) organisations.remove(id);
    else organisations.put(id, name);
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    follower.join();
  }
}
