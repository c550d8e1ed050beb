package openframe.peers;

import com.fasterxml.jackson.databind.JsonNode;

/** Reads records of sites and organisations (Tactical's clients): the columns that devices take. */
final class Reference {
  private Reference() {}

  /** The row; null when it is gone or the record says nothing of it. */
  static JsonNode row(byte[] value) {
    if (value == null) return null;
    try {
      JsonNode after = Envelope.read(value, "value").path("after");
      return after.isObject() ? after : null;
    } catch (Rejected broken) {
      return null;
    }
  }

  static String id(byte[] key) {
    try {
      return CheckIns.idOf(key);
    } catch (Rejected broken) {
      return "";
    }
  }

  static Site site(JsonNode row) {
    return new Site(row.path("name").textValue(), row.path("client_id").asText(null));
  }

  static String organisationName(JsonNode row) {
    return row.path("name").textValue();
  }

  /** Completes a device by its site and that site's organisation; columns that the change says nothing of stay so. */
  static void fill(Device device, Lookup<Site> sites, Lookup<String> organisations) {
    Object[] columns = device.columns;
    Object siteId = columns[DeviceColumns.SITE_ID];
    if (device.deleted || siteId == Device.UNSET) return;
    Site site = siteId == null ? null : sites.get((String) siteId);
    String organisationId = site == null ? null : site.organisationId();
    columns[DeviceColumns.SITE_NAME] = site == null ? null : site.name();
    columns[DeviceColumns.ORGANISATION_ID] = organisationId;
    columns[DeviceColumns.ORGANISATION_NAME] = organisationId == null ? null : organisations.get(organisationId);
  }

  interface Lookup<T> {
    T get(String id);
  }
}
