/** A parameter of libpq. */
export interface Parameter {
  /** Its environment variable; libpq has none for some parameters. */
  variable?: string
  /** The first major version of libpq that has it, if it is newer than the oldest supported one. */
  since?: number
  isSecret?: true
}

/**
 * All parameters of libpq 15 to 18 except `service`, `servicefile` and `replication`.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 * https://www.postgresql.org/docs/current/libpq-envars.html
 */
export const PARAMETERS: Record<string, Parameter> = {
  host: {variable: 'PGHOST'},
  hostaddr: {variable: 'PGHOSTADDR'},
  port: {variable: 'PGPORT'},
  dbname: {variable: 'PGDATABASE'},
  user: {variable: 'PGUSER'},
  password: {variable: 'PGPASSWORD', isSecret: true},
  passfile: {variable: 'PGPASSFILE'},
  require_auth: {variable: 'PGREQUIREAUTH', since: 16},
  channel_binding: {variable: 'PGCHANNELBINDING'},
  connect_timeout: {variable: 'PGCONNECT_TIMEOUT'},
  client_encoding: {variable: 'PGCLIENTENCODING'},
  options: {variable: 'PGOPTIONS'},
  application_name: {variable: 'PGAPPNAME'},
  fallback_application_name: {},
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  gssencmode: {variable: 'PGGSSENCMODE'},
  gsslib: {variable: 'PGGSSLIB'},
  gssdelegation: {variable: 'PGGSSDELEGATION', since: 17},
  krbsrvname: {variable: 'PGKRBSRVNAME'},
  sslmode: {variable: 'PGSSLMODE'},
  sslnegotiation: {variable: 'PGSSLNEGOTIATION', since: 17},
  sslcompression: {variable: 'PGSSLCOMPRESSION'},
  sslcert: {variable: 'PGSSLCERT'},
  sslkey: {variable: 'PGSSLKEY'},
  sslpassword: {isSecret: true},
  sslcertmode: {variable: 'PGSSLCERTMODE', since: 16},
  sslrootcert: {variable: 'PGSSLROOTCERT'},
  sslcrl: {variable: 'PGSSLCRL'},
  sslcrldir: {variable: 'PGSSLCRLDIR'},
  sslsni: {variable: 'PGSSLSNI'},
  sslkeylogfile: {since: 18},
  requirepeer: {variable: 'PGREQUIREPEER'},
  ssl_min_protocol_version: {variable: 'PGSSLMINPROTOCOLVERSION'},
  ssl_max_protocol_version: {variable: 'PGSSLMAXPROTOCOLVERSION'},
  min_protocol_version: {variable: 'PGMINPROTOCOLVERSION', since: 18},
  max_protocol_version: {variable: 'PGMAXPROTOCOLVERSION', since: 18},
  target_session_attrs: {variable: 'PGTARGETSESSIONATTRS'},
  load_balance_hosts: {variable: 'PGLOADBALANCEHOSTS', since: 16},
  scram_client_key: {since: 18, isSecret: true},
  scram_server_key: {since: 18, isSecret: true},
  oauth_issuer: {since: 18},
  oauth_client_id: {since: 18},
  oauth_client_secret: {since: 18, isSecret: true},
  oauth_scope: {since: 18},
}
