package openframe.peers;

import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** One check-in after another: the analytics record, or the record as it came with a header that says why it was refused. */
final class StreamsCheckIn implements Processor<byte[], byte[], byte[], byte[]> {
  static final String REJECTED = "openframe.dlq.code";

  private final CheckIns checkIns;
  private final Analytics analytics = new Analytics();
  private ProcessorContext<byte[], byte[]> context;
  private Reference.Lookup<Site> sites;
  private Reference.Lookup<String> organisations;

  StreamsCheckIn(Guards guards) {
    checkIns = new CheckIns(guards);
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    ReadOnlyKeyValueStore<String, String> siteStore = context.getStateStore(StreamsProgram.SITES);
    ReadOnlyKeyValueStore<String, String> organisationStore = context.getStateStore(StreamsProgram.ORGANISATIONS);
    sites = id -> StreamsProgram.site(siteStore.get(id));
    organisations = organisationStore::get;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    try {
      Device device = checkIns.decode(record.key(), record.value(), record.timestamp());
      if (device == null) return;
      Reference.fill(device, sites, organisations);
      context.forward(record.withKey(Analytics.key(device)).withValue(analytics.value(device)));
    } catch (Rejected rejected) {
      RecordHeaders headers = new RecordHeaders(record.headers());
      headers.add(REJECTED, rejected.code.getBytes());
      context.forward(record.withHeaders(headers));
    }
  }
}
