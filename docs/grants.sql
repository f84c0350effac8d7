-- The database users of Akari on MySQL and MariaDB. Run it as an administrator, after
-- `akari migrate up`, and again after every update that brought new tables. It is
-- harmless to run twice. Names and hosts are examples: change them to yours. The
-- users themselves are made before, with passwords of your own:
--
--   CREATE USER 'akari_owner'@'%'  IDENTIFIED BY '…';   -- database.migrate_dsn
--   CREATE USER 'akari'@'%'        IDENTIFIED BY '…';   -- database.dsn
--   CREATE USER 'akari_reader'@'%' IDENTIFIED BY '…';   -- BI tools and auditors
--   GRANT ALL PRIVILEGES ON `akari`.* TO 'akari_owner'@'%';
--
-- The runtime user has no DDL anywhere, and on the log (events) and the audit log it
-- can only add and read: what happened cannot be changed by the program, nor by
-- whoever breaks into it. Rights are given table by table, because MySQL cannot take
-- one table out of a right on the whole database.

GRANT SELECT, INSERT ON `akari`.`events` TO 'akari'@'%';
GRANT SELECT, INSERT ON `akari`.`audit` TO 'akari'@'%';

-- Facts that change, queues, and everything that erasing must be able to remove.
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`partners` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`partner_orgs` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`people` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`accounts` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`rooms` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`texts` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`waiting` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`deliveries` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`pauses` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`processes` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`links` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`visits` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`acks` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`uses` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`readers` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`material_versions` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`erasures` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`gaps` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`gap_askers` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`drafts` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`invitations` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`overlays` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`lessons` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`versions` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`agents` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`link_materials` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`campaigns` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`campaign_cards` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`campaign_materials` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`recipients` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`campaign_steps` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`approvals` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`audiences` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`partner_days` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`holidays` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`quotas` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`clocks` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`weeks` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`weekly` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`visit_classes` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`digests` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`outcomes` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`staff_entries` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`staff_sessions` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`owners` TO 'akari'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `akari`.`handovers` TO 'akari'@'%';

-- Up to when events were deleted: "akari retention run" writes it as database.migrate_dsn.
GRANT SELECT ON `akari`.`retention` TO 'akari'@'%';

-- The schema's version is read at start and by /readyz.
GRANT SELECT ON `akari`.`goose_db_version` TO 'akari'@'%';

-- The reporting views, for the program and for people with BI tools.
GRANT SELECT ON `akari`.`v_event` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_delivery` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_view` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_ack` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_audit` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_inbound` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_weekly` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_digest` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_outcome` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_owner` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_event` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_delivery` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_view` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_ack` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_audit` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_inbound` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_weekly` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_digest` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_outcome` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_owner` TO 'akari_reader'@'%';
GRANT SELECT ON `akari`.`v_campaign` TO 'akari'@'%';
GRANT SELECT ON `akari`.`v_campaign` TO 'akari_reader'@'%';
