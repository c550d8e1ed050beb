package openframe.peers;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The same work as a Kafka Streams topology. Sites and organisations are global stores in memory that hold what devices take from
 * them, so that looking one up costs no parsing of Debezium's envelope, as a GlobalKTable over its topic would.
 */
public final class StreamsProgram {
  static final String SITES = "sites";
  static final String ORGANISATIONS = "organisations";
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();

  private StreamsProgram() {}

  public static void main(String[] arguments) {
    Options options = new Options(arguments);
    KafkaStreams streams = new KafkaStreams(topology(options).build(), settings(options));
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Properties settings(Options options) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", options.text("bootstrap"));
    settings.put("application.id", options.text("group"));
    settings.put("num.stream.threads", options.text("threads"));
    settings.put("processing.guarantee", "at_least_once");
    settings.put("commit.interval.ms", "1000");
    settings.put("state.dir", options.text("state"));
    settings.put("consumer.auto.offset.reset", "earliest");
    // The global stores are filled partition by partition, each after the last one's fetch has run out: 15 s with the default of 500.
    settings.put("global.consumer.fetch.max.wait.ms", "10");
    settings.put("producer.compression.type", "lz4");
    settings.put("producer.acks", "all");
    settings.put("default.key.serde", Serdes.ByteArraySerde.class);
    settings.put("default.value.serde", Serdes.ByteArraySerde.class);
    return settings;
  }

  private static StreamsBuilder topology(Options options) {
    StreamsBuilder builder = new StreamsBuilder();
    global(builder, SITES, options.text("sites"), row -> text(Reference.site(row)));
    global(builder, ORGANISATIONS, options.text("organisations"), Reference::organisationName);
    String out = options.text("out");
    String deadLetters = options.text("dlq");
    Guards guards = new Guards();
    builder
        .stream(options.text("in"), Consumed.with(BYTES, BYTES))
        .process(() -> new StreamsCheckIn(guards))
        .to(
            (key, value, context) -> context.headers().lastHeader(StreamsCheckIn.REJECTED) == null ? out : deadLetters,
            Produced.with(BYTES, BYTES));
    return builder;
  }

  private static void global(StreamsBuilder builder, String name, String topic, Taken taken) {
    var store = Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), Serdes.String());
    builder.addGlobalStore(store.withLoggingDisabled(), topic, Consumed.with(BYTES, BYTES), () -> new Keep(name, taken));
  }

  /** What is kept of a row. */
  private interface Taken {
    String of(JsonNode row);
  }

  /** A site as the store holds it. */
  private static String text(Site site) {
    return (site.organisationId() == null ? "" : site.organisationId()) + '\n' + (site.name() == null ? "" : site.name());
  }

  static Site site(String text) {
    if (text == null) return null;
    int end = text.indexOf('\n');
    return new Site(text.substring(end + 1), end == 0 ? null : text.substring(0, end));
  }

  private static final class Keep implements Processor<byte[], byte[], Void, Void> {
    private final String name;
    private final Taken taken;
    private KeyValueStore<String, String> store;

    Keep(String name, Taken taken) {
      this.name = name;
      this.taken = taken;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
      store = context.getStateStore(name);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      JsonNode row = Reference.row(record.value());
      String id = Reference.id(record.key());
      if (row == null) store.delete(id);
      else store.put(id, taken.of(row));
    }
  }
}
