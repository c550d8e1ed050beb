-- Fleet's tables of teams and hosts, the latter with the tables that hold parts of a host, with the columns of Fleet's schema.
CREATE DATABASE fleet CHARACTER SET utf8mb4;
USE fleet;
CREATE TABLE teams (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  created_at timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  name varchar(255) NOT NULL,
  description varchar(1023) NOT NULL DEFAULT '',
  config json DEFAULT NULL,
  name_bin varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin GENERATED ALWAYS AS (name) VIRTUAL,
  filename varchar(255) DEFAULT NULL UNIQUE,
  UNIQUE KEY idx_name_bin (name_bin)
);
CREATE TABLE hosts (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  osquery_host_id varchar(255) DEFAULT NULL UNIQUE,
  created_at timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  detail_updated_at timestamp NULL DEFAULT NULL,
  node_key varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL UNIQUE,
  hostname varchar(255) NOT NULL DEFAULT '',
  uuid varchar(255) NOT NULL DEFAULT '',
  platform varchar(255) NOT NULL DEFAULT '',
  osquery_version varchar(255) NOT NULL DEFAULT '',
  os_version varchar(255) NOT NULL DEFAULT '',
  build varchar(255) NOT NULL DEFAULT '',
  platform_like varchar(255) NOT NULL DEFAULT '',
  code_name varchar(255) NOT NULL DEFAULT '',
  uptime bigint NOT NULL DEFAULT 0,
  memory bigint NOT NULL DEFAULT 0,
  cpu_type varchar(255) NOT NULL DEFAULT '',
  cpu_subtype varchar(255) NOT NULL DEFAULT '',
  cpu_brand varchar(255) NOT NULL DEFAULT '',
  cpu_physical_cores int NOT NULL DEFAULT 0,
  cpu_logical_cores int NOT NULL DEFAULT 0,
  hardware_vendor varchar(255) NOT NULL DEFAULT '',
  hardware_model varchar(255) NOT NULL DEFAULT '',
  hardware_version varchar(255) NOT NULL DEFAULT '',
  hardware_serial varchar(255) NOT NULL DEFAULT '',
  computer_name varchar(255) NOT NULL DEFAULT '',
  primary_ip_id int unsigned DEFAULT NULL,
  distributed_interval int DEFAULT 0,
  logger_tls_period int DEFAULT 0,
  config_tls_refresh int DEFAULT 0,
  primary_ip varchar(45) NOT NULL DEFAULT '',
  primary_mac varchar(17) NOT NULL DEFAULT '',
  label_updated_at timestamp NOT NULL DEFAULT '2000-01-01 00:00:00',
  last_enrolled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  refetch_requested tinyint(1) NOT NULL DEFAULT 0,
  team_id int unsigned DEFAULT NULL,
  policy_updated_at timestamp NOT NULL DEFAULT '2000-01-01 00:00:00',
  public_ip varchar(45) NOT NULL DEFAULT '',
  orbit_node_key varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL UNIQUE,
  refetch_critical_queries_until timestamp NULL DEFAULT NULL,
  last_restarted_at datetime(6) DEFAULT '0001-01-01 00:00:00.000000',
  timezone varchar(255) DEFAULT NULL,
  FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL
);
CREATE TABLE host_seen_times (
  host_id int unsigned NOT NULL PRIMARY KEY,
  seen_time timestamp NULL DEFAULT NULL
);
CREATE TABLE host_display_names (
  host_id int unsigned NOT NULL PRIMARY KEY,
  display_name varchar(255) NOT NULL
);
CREATE TABLE host_disks (
  host_id int unsigned NOT NULL PRIMARY KEY,
  gigs_disk_space_available decimal(10,2) NOT NULL DEFAULT 0.00,
  percent_disk_space_available decimal(10,2) NOT NULL DEFAULT 0.00,
  created_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  encrypted tinyint(1) DEFAULT NULL,
  gigs_total_disk_space decimal(10,2) NOT NULL DEFAULT 0.00,
  tpm_pin_set tinyint(1) DEFAULT 0,
  gigs_all_disk_space decimal(10,2) DEFAULT NULL
);
CREATE USER 'cdc'@'127.0.0.1' IDENTIFIED BY 'cdc-test';
GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cdc'@'127.0.0.1';
