package openframe.peers;

/** What devices take from a site: its name, and the id of its organisation. */
record Site(String name, String organisationId) {}
