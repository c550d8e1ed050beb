package openframe.peers;

import static openframe.peers.Converters.bool;
import static openframe.peers.Converters.firstText;
import static openframe.peers.Converters.gibibytes;
import static openframe.peers.Converters.id;
import static openframe.peers.Converters.meshNodeId;
import static openframe.peers.Converters.seconds;
import static openframe.peers.Converters.serialNumber;
import static openframe.peers.Converters.text;
import static openframe.peers.Converters.time;

import java.util.List;
import java.util.Set;

/** The canonical columns of a Tactical agent, in the order of the product's mapping. */
final class DeviceColumns {
  enum Type { TEXT, TIME, OTHER }

  /** {@code known}: values that the tool is known to write; others are kept and counted. */
  record Column(String name, Type type, Converters.Convert convert, Set<String> known) {}

  static final List<Column> READ = List.of(
      column("site_id", Type.TEXT, id("site_id")),
      column("device_key", Type.TEXT, text("agent_id")),
      column("hostname", Type.TEXT, text("hostname")),
      column("description", Type.TEXT, text("description")),
      new Column("kind", Type.TEXT, text("monitoring_type"), Set.of("server", "workstation")),
      new Column("platform", Type.TEXT, text("plat"), Set.of("windows", "linux", "darwin")),
      column("os_name", Type.TEXT, text("operating_system")),
      column("architecture", Type.TEXT, text("goarch")),
      column("agent_version", Type.TEXT, text("version")),
      column("serial_number", Type.TEXT, serialNumber()),
      column("memory_bytes", Type.OTHER, gibibytes("total_ram")),
      column("public_ip", Type.TEXT, text("public_ip")),
      column("logged_in_user", Type.TEXT, firstText("logged_in_username", "last_logged_in_user")),
      column("timezone", Type.TEXT, text("time_zone")),
      column("last_seen", Type.TIME, time("last_seen")),
      column("last_boot", Type.TIME, seconds("boot_time")),
      column("enrolled_at", Type.TIME, time("created_time")),
      column("needs_reboot", Type.OTHER, bool("needs_reboot")),
      column("maintenance", Type.OTHER, bool("maintenance_mode")),
      column("policy_id", Type.TEXT, id("policy_id")),
      column("mesh_node_id", Type.TEXT, meshNodeId("mesh_node_id")),
      column("created_at", Type.TIME, time("created_time")),
      column("updated_at", Type.TIME, time("modified_time")));

  static final int SITE_ID = 0;
  static final int SITE_NAME = READ.size();
  static final int ORGANISATION_ID = SITE_NAME + 1;
  static final int ORGANISATION_NAME = SITE_NAME + 2;
  static final int COUNT = SITE_NAME + 3;

  private DeviceColumns() {}

  static String name(int index) {
    if (index < READ.size()) return READ.get(index).name();
    return index == SITE_NAME ? "site_name" : index == ORGANISATION_ID ? "organisation_id" : "organisation_name";
  }

  static boolean isTime(int index) {
    return index < READ.size() && READ.get(index).type() == Type.TIME;
  }

  private static Column column(String name, Type type, Converters.Convert convert) {
    return new Column(name, type, convert, null);
  }
}
