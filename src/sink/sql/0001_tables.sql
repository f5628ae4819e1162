-- One row a coin, interval and time: the chosen tables gold, gold_1h and gold_1d of the lake. double precision is the lake's own type:
-- every number is the lake's, bit for bit. `source` is null in an hour or a day that several sources made.
CREATE TABLE candles (
  coin_id text NOT NULL,
  "interval" text NOT NULL,
  open_time timestamptz NOT NULL,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  avg double precision,
  volume double precision,
  vwap double precision,
  samples bigint,
  updates bigint,
  price_change double precision,
  price_change_pct double precision,
  volatility double precision,
  range_pct double precision,
  volume_24h double precision,
  market_cap double precision,
  first_event timestamptz,
  last_event timestamptz,
  max_source_age_s double precision,
  source text,
  quote text,
  PRIMARY KEY (coin_id, "interval", open_time)
) PARTITION BY RANGE (open_time);
CREATE INDEX candles_by_time ON candles (open_time, "interval");

-- The same of every source and currency: gold_sources and its hours and days.
CREATE TABLE candles_by_source (
  coin_id text NOT NULL,
  "interval" text NOT NULL,
  open_time timestamptz NOT NULL,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  avg double precision,
  volume double precision,
  vwap double precision,
  samples bigint,
  updates bigint,
  price_change double precision,
  price_change_pct double precision,
  volatility double precision,
  range_pct double precision,
  volume_24h double precision,
  market_cap double precision,
  first_event timestamptz,
  last_event timestamptz,
  max_source_age_s double precision,
  source text NOT NULL,
  quote text NOT NULL,
  PRIMARY KEY (coin_id, "interval", open_time, source, quote)
) PARTITION BY RANGE (open_time);
CREATE INDEX candles_by_source_by_time ON candles_by_source (open_time, "interval");

-- The newest observation or trade of each series.
CREATE TABLE prices (
  coin_id text NOT NULL,
  source text NOT NULL,
  quote text NOT NULL,
  price double precision NOT NULL,
  event_time timestamptz NOT NULL,
  trade_id bigint,
  received timestamptz,
  volume_24h double precision,
  market_cap double precision,
  price_change_24h double precision,
  price_change_percentage_24h double precision,
  PRIMARY KEY (coin_id, source, quote)
);

-- Silver, row by row. It has no key: the same observation may be there twice, as in the lake.
CREATE TABLE observations (
  coin_id text NOT NULL,
  event_time timestamptz NOT NULL,
  price double precision NOT NULL,
  quantity double precision,
  volume_24h double precision,
  market_cap double precision,
  price_change_24h double precision,
  price_change_percentage_24h double precision,
  high_24h double precision,
  low_24h double precision,
  last_updated timestamptz,
  received timestamptz,
  source text,
  quote text,
  symbol text,
  trade_id bigint,
  open double precision,
  high double precision,
  low double precision,
  bar_s integer,
  vwap double precision,
  trades bigint
) PARTITION BY RANGE (event_time);
CREATE INDEX observations_by_coin ON observations (coin_id, event_time);

-- Messages that could not become rows, and why.
CREATE TABLE quarantine (
  rejected_on date,
  received timestamptz,
  source text,
  topic text,
  "partition" integer,
  "offset" bigint,
  stage text,
  reason text,
  value bytea
);
CREATE INDEX quarantine_by_day ON quarantine (rejected_on);

-- How far each of these tables follows the lake: the id of the Delta table that is read, and the version up to which its rows are here.
-- and the id of the commit that made it, by which a lake that was set back is known. Written in the transaction of the rows. `state`: copy,
-- resync and merge (a resync from another lake) are on their way, `done_through` says how far (a day); then follow.
CREATE TABLE positions (
  name text PRIMARY KEY,
  table_id text NOT NULL,
  version bigint NOT NULL,
  commit_id text NOT NULL DEFAULT '',
  state text NOT NULL,
  done_through date,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Rows that the database would not take (a constraint or a trigger that somebody added): the others went on without them.
CREATE TABLE refused_rows (
  table_name text NOT NULL,
  content jsonb NOT NULL,
  reason text NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now()
);
