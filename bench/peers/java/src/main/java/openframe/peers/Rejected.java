package openframe.peers;

/** A record that cannot become a device: it goes to the dead letters, its neighbours are not touched. */
final class Rejected extends Exception {
  private static final long serialVersionUID = 1;

  /** {@code code} is the product's own: it goes into the dead letter's header. */
  final String code;

  Rejected(String code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  static Rejected wrongType(String column) {
    return new Rejected("invalid_value", "column " + column + " has another type");
  }
}
