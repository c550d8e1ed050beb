package openframe.peers;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Devices in the product's own table. {@code lwt}: every change its own conditional statement, as a straightforward program writes
 * it; {@code upsert}: every change an INSERT without a condition, which keeps no older change from winning.
 */
final class CassandraWriter implements DeviceWriter {
  private static final int ATTEMPTS_MAX = 5;

  private final CqlSession session;
  private final DeviceStatements statements;
  private final boolean conditional;
  private final boolean wholeRows;
  private final Semaphore inFlight;
  /**
   * Conditional writes of a lane stand one behind another. A bucket is a partition, and conditional statements of one partition would
   * be in each other's way at the server, so its rows share a lane, whatever thread they come from.
   */
  private final Lane[] lanes;

  CassandraWriter(Options options) {
    String[] address = options.text("cassandra").split(":");
    DriverConfigLoader settings = DriverConfigLoader.programmaticBuilder()
        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(30))
        .withString(DefaultDriverOption.REQUEST_CONSISTENCY, "LOCAL_QUORUM")
        .withString(DefaultDriverOption.REQUEST_SERIAL_CONSISTENCY, "LOCAL_SERIAL")
        .withInt(DefaultDriverOption.CONNECTION_MAX_REQUESTS, 4096)
        .build();
    session = CqlSession.builder()
        .addContactPoint(new InetSocketAddress(address[0], Integer.parseInt(address[1])))
        .withLocalDatacenter("datacenter1")
        .withConfigLoader(settings)
        .build();
    statements = new DeviceStatements(session, options.text("keyspace"), options.number("buckets"));
    conditional = options.text("write").equals("lwt");
    wholeRows = options.text("read", "no").equals("yes");
    int most = options.number("inflight");
    inFlight = new Semaphore(most);
    lanes = new Lane[most];
    Arrays.setAll(lanes, index -> new Lane());
  }

  @Override
  public void write(List<Device> devices) throws Exception {
    List<CompletableFuture<?>> written = new ArrayList<>(devices.size());
    for (Device device : devices) written.add(conditional ? queue(device) : upsert(device));
    CompletableFuture.allOf(written.toArray(CompletableFuture<?>[]::new)).get();
  }

  private CompletableFuture<?> queue(Device device) {
    return lanes[statements.bucket(device) % lanes.length].then(() -> newer(device, 1).thenCompose(written -> readBack(device)));
  }

  /** Analytics keeps whole rows: what a change says nothing of (a column out of line) is taken from the row, as the product does. */
  private CompletionStage<Void> readBack(Device device) {
    if (!wholeRows || !device.isPart()) return done();
    return send(statements.read(device)).thenAccept(result -> statements.fill(device, result.one()));
  }

  /** {@code UPDATE … IF version < ?}; of a row that is not there {@code INSERT … IF NOT EXISTS}. */
  private CompletionStage<Void> newer(Device device, int attempt) {
    return again(device, attempt, send(statements.newer(device)).thenCompose(result -> {
      if (result.wasApplied()) return done();
      Row stored = result.one();
      boolean isThere = stored != null && stored.getColumnDefinitions().contains("version") && !stored.isNull("version");
      // A change that is as new, or newer, is there already.
      return isThere ? done() : first(device, attempt);
    }));
  }

  /** Somebody else's row may have come in between: then it is compared with. */
  private CompletionStage<Void> first(Device device, int attempt) {
    return send(statements.first(device)).thenCompose(result -> result.wasApplied() ? done() : newer(device, attempt + 1));
  }

  /** A statement that timed out may have been applied: sent again, it is refused then. */
  private CompletionStage<Void> again(Device device, int attempt, CompletionStage<Void> written) {
    return written.exceptionallyCompose(error -> {
      Throwable cause = error instanceof CompletionException ? error.getCause() : error;
      if (cause instanceof DriverException && attempt < ATTEMPTS_MAX) return newer(device, attempt + 1);
      return CompletableFuture.failedFuture(cause);
    });
  }

  /** In the order of sending: the driver gives every statement a later timestamp than the one before. */
  private CompletableFuture<?> upsert(Device device) throws InterruptedException {
    inFlight.acquire();
    return send(statements.upsert(device)).whenComplete((result, error) -> inFlight.release()).toCompletableFuture();
  }

  private CompletionStage<AsyncResultSet> send(BoundStatement statement) {
    return session.executeAsync(statement);
  }

  private static CompletionStage<Void> done() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void close() {
    session.close();
  }

  private static final class Lane {
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    synchronized CompletableFuture<Void> then(Supplier<CompletionStage<Void>> write) {
      last = last.thenCompose(before -> write.get());
      return last;
    }
  }
}
