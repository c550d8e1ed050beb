package openframe.peers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Consumer and producer without a framework: each thread polls, decodes, completes, writes (where there is a store), produces,
 * waits for every acknowledgement of the poll and commits.
 */
public final class PlainProgram {
  private final Options options;
  private final Guards guards = new Guards();
  private final References references;
  private final DeviceWriter writer;
  private final KafkaProducer<byte[], byte[]> producer;
  private final AtomicReference<Exception> failure = new AtomicReference<>();

  private PlainProgram(Options options) {
    this.options = options;
    this.references = new References(options);
    this.writer = DeviceWriter.open(options);
    this.producer = new KafkaProducer<>(producerSettings(options), new ByteArraySerializer(), new ByteArraySerializer());
  }

  public static void main(String[] arguments) throws Exception {
    PlainProgram program = new PlainProgram(new Options(arguments));
    List<KafkaConsumer<byte[], byte[]>> consumers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int index = 0; index < program.options.number("threads"); index++) {
      KafkaConsumer<byte[], byte[]> consumer = program.consumer();
      consumers.add(consumer);
      threads.add(new Thread(() -> program.run(consumer), "pipe-" + index));
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      consumers.forEach(KafkaConsumer::wakeup);
      try {
        ended.await();
      } catch (InterruptedException ignored) {
        Thread.currentThread().interrupt();
      }
    }));
    threads.forEach(Thread::start);
    for (Thread thread : threads) thread.join();
    program.producer.close();
    program.writer.close();
    program.references.close();
    ended.countDown();
  }

  private static Properties producerSettings(Options options) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", options.text("bootstrap"));
    settings.put("compression.type", "lz4");
    settings.put("acks", "all");
    settings.put("linger.ms", "5");
    settings.put("batch.size", "131072");
    return settings;
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Properties settings = options.consumer();
    settings.put("group.id", options.text("group"));
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private void run(KafkaConsumer<byte[], byte[]> consumer) {
    CheckIns checkIns = new CheckIns(guards);
    Analytics analytics = new Analytics();
    try (consumer) {
      consumer.subscribe(List.of(options.text("in")));
      while (true) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) continue;
        take(records, checkIns, analytics);
        consumer.commitSync();
      }
    } catch (WakeupException asked) {
      // The shutdown hook waits for this thread.
    } catch (Exception error) {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private void take(ConsumerRecords<byte[], byte[]> records, CheckIns checkIns, Analytics analytics) throws Exception {
    List<Device> devices = new ArrayList<>(records.count());
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        Device device = checkIns.decode(record.key(), record.value(), record.timestamp());
        if (device == null) continue;
        references.fill(device);
        devices.add(device);
      } catch (Rejected rejected) {
        send(deadLetter(options.text("dlq"), record.key(), record.value(), rejected));
      }
    }
    writer.write(devices);
    String topic = options.text("out");
    for (Device device : devices)
      send(new ProducerRecord<>(topic, Analytics.key(device), analytics.value(device)));
    producer.flush();
    if (failure.get() != null) throw failure.get();
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    producer.send(record, (metadata, error) -> {
      if (error != null) failure.set(error);
    });
  }

  private static ProducerRecord<byte[], byte[]> deadLetter(String topic, byte[] key, byte[] value, Rejected rejected) {
    List<Header> code = List.of(new RecordHeader("openframe.dlq.code", rejected.code.getBytes()));
    return new ProducerRecord<>(topic, null, key, value, code);
  }
}
