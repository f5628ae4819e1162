// What gold must have made of silver, in SQL. In: a table `tick(v, version, ...)` of silver rows, v any number that keeps several computations
// apart. Out: the table `want`, a line a window (v, minute, coin, source, quote), every column of gold.
//
// Sums. A price is m * 2^e; scaled by one power of two for the whole window all prices are whole numbers, so their sum in 128 bits is
// exact, and `nearest` rounds it once, to even; products of two are summed by halves of 45 bits. nearest_quotient (nearest_quotient.h) divides
// such sums: avg_price, vwap and volume are compared bit for bit. Squares are summed with compensation, and compared within kTolerance:
//   volatility: deviations from the mean, d = p - mean, are exact for prices within a factor of 2 (Sterbenz) and else off by u; d*d by
//   3u, the sum by 2u, the mean's own rounding is taken out by (sum d / n)^2; the root halves it: 5u < kTolerance. Where all prices are
//   within a few ulps of each other, every term is a small whole number of ulps and the sums are exact.
// The engine rounds exact sums (docs/decisions/0006), so it is within u of the truth.
//
// Before, a mean was a rounded sum over a rounded sum: off by 2u. Gold of that format may hold either (`avg_price_twice`).
#include <fmt/format.h>

#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr const char* kMacros[] = {
    // x * 2^scale_of(smallest) is whole for every x >= smallest; one bit spare for log2's own rounding.
    "CREATE MACRO scale_of(smallest) AS (53 - floor(log2(smallest)))::INTEGER",
    R"(CREATE MACRO spare_bits(total) AS greatest(length(bin(total)) - 53, 0))",
    R"(CREATE MACRO rest_of(total, bits) AS total - ((total >> bits) << bits))",
    R"(CREATE MACRO rounded(total, bits) AS (total >> bits) + CASE WHEN bits = 0 THEN 0
        WHEN rest_of(total, bits) * 2 > (1::HUGEINT << bits) THEN 1
        WHEN rest_of(total, bits) * 2 = (1::HUGEINT << bits) THEN (total >> bits) % 2 ELSE 0 END)",
    // The double nearest to total / 2^scale.
    R"(CREATE MACRO nearest(total, scale) AS rounded(total, spare_bits(total))::DOUBLE * pow(2.0::DOUBLE, spare_bits(total) - scale))",
    // (high * 2^90 + middle * 2^45 + low) / divisor / 2^scale, rounded once: of sums of halves; of one sum.
    R"(CREATE MACRO quotient(high, middle, low, divisor, scale) AS
        nearest_quotient(high::VARCHAR, middle::VARCHAR, low::VARCHAR, divisor::VARCHAR, -scale::BIGINT).value)",
    R"(CREATE MACRO mean_of(total, n, scale) AS quotient(0, 0, total, n, scale))",
    R"(CREATE MACRO high_half(x) AS x >> 45)",
    R"(CREATE MACRO low_half(x) AS x - ((x >> 45) << 45))",
    // Null beyond 2^90: then the sum of 2^37 of them would not fit.
    R"(CREATE MACRO whole_number(x, scale) AS CASE WHEN x * pow(2.0::DOUBLE, scale) < pow(2.0::DOUBLE, 90)
        THEN try_cast(x * pow(2.0::DOUBLE, scale) AS HUGEINT) END)",
    R"(CREATE MACRO tie_order(us, trade, price) AS (us, coalesce(trade, -9223372036854775808), price))",
};

// Bars of windows without trades: where there are trades, they say the same again.
constexpr const char* kCounted = R"(
  CREATE OR REPLACE TABLE counted AS SELECT *, us // (bar_s * 1000000) * (bar_s * 1000000) AS begins, us // 60000000 AS m
    FROM tick WHERE bar_s IS NOT NULL AND (v, us // 60000000, coin_id, source, quote) NOT IN (SELECT v, us // 60000000, coin_id, source, quote
      FROM tick WHERE trade_id IS NOT NULL AND (SELECT bool_or(bar_s IS NOT NULL) FROM tick)))";

// The prices that a window is made of: a bar gives four of them, of which the first and the last have a place in time (`placed`). A row's other
// figures stand beside one of its samples only; `amount` was traded at the mean price `paid`.
constexpr const char* kSamples = R"(
  CREATE OR REPLACE VIEW sample AS
    SELECT v, us, us AS placed, us // 60000000 AS m, coin_id, source, quote, price, CASE WHEN trade_id IS NOT NULL THEN quantity END AS amount,
      CASE WHEN trade_id IS NOT NULL AND quantity IS NOT NULL THEN price END AS paid, trade_id, last_updated, volume_24h, market_cap, false AS bar
      FROM tick WHERE bar_s IS NULL
    UNION ALL SELECT v, us, us, m, coin_id, source, quote, price, quantity, CASE WHEN quantity IS NOT NULL THEN vwap END, NULL, last_updated,
      volume_24h, market_cap, true FROM counted
    UNION ALL SELECT v, us, begins, m, coin_id, source, quote, open, NULL, NULL, NULL, NULL, NULL, NULL, false FROM counted
    UNION ALL SELECT v, us, NULL, m, coin_id, source, quote, high, NULL, NULL, NULL, NULL, NULL, NULL, false FROM counted
    UNION ALL SELECT v, us, NULL, m, coin_id, source, quote, low, NULL, NULL, NULL, NULL, NULL, NULL, false FROM counted)";

constexpr const char* kBase = R"(
  CREATE OR REPLACE TABLE base AS SELECT v, m, coin_id, source, quote, count(*) AS samples, min(price) AS min_price, max(price) AS max_price,
    arg_min(price, tie_order(placed, trade_id, price)) FILTER (WHERE placed IS NOT NULL) AS open,
    arg_max(price, tie_order(placed, trade_id, price)) FILTER (WHERE placed IS NOT NULL) AS close, min(us) AS first_event,
    max(us) AS last_event, count(trade_id) + count(*) FILTER (WHERE bar) + count(DISTINCT last_updated) FILTER (WHERE trade_id IS NULL AND NOT bar) AS updates,
    count(amount) AS quantities, min(amount) FILTER (WHERE amount > 0) AS smallest, count(*) FILTER (WHERE amount > 0 AND paid IS NULL) AS lacking,
    max(us - epoch_us(last_updated))::DOUBLE / 1e6 AS max_source_age_s,
    arg_max(volume_24h, (us, coalesce(trade_id, -9223372036854775808), price, volume_24h)) FILTER (WHERE volume_24h IS NOT NULL) AS volume_24h,
    arg_max(market_cap, (us, coalesce(trade_id, -9223372036854775808), price, market_cap)) FILTER (WHERE market_cap IS NOT NULL) AS market_cap
  FROM sample GROUP BY ALL)";

// Exact sums where they fit into 128 bits; else (a window whose prices differ by more than 2^37) compensated ones, which are `loose`.
constexpr const char* kMeans = R"(
  CREATE OR REPLACE TABLE means AS SELECT v, m, coin_id, source, quote,
    CASE WHEN count(*) = count(p) THEN mean_of(sum(p), count(*), scale_of(min_price)) ELSE fsum(price) / count(*) END AS avg_price,
    CASE WHEN count(*) = count(p) THEN nearest(sum(p), scale_of(min_price)) ELSE fsum(price) END / count(*) AS avg_price_twice,
    CASE WHEN any_value(quantities) = 0 THEN NULL WHEN any_value(smallest) IS NULL THEN 0
      WHEN count(q) = count(amount) THEN nearest(sum(q), scale_of(any_value(smallest))) ELSE fsum(amount) END AS volume,
    CASE WHEN count(t) = count(paid) AND count(q) = count(amount) AND sum(q) > 0 THEN quotient(sum(high_half(t) * high_half(q)),
      sum(high_half(t) * low_half(q) + low_half(t) * high_half(q)), sum(low_half(t) * low_half(q)), sum(q), scale_of(min_price)) END AS mean,
    fsum(paid * amount) AS turnover, count(*) <> count(p) OR count(q) <> count(amount) OR count(t) <> count(paid) AS loose
  FROM (SELECT *, whole_number(price, scale_of(min_price)) AS p, whole_number(paid, scale_of(min_price)) AS t,
      CASE WHEN amount IS NULL THEN NULL WHEN amount = 0 THEN 0::HUGEINT ELSE whole_number(amount, scale_of(smallest)) END AS q
    FROM (SELECT v, m, coin_id, source, quote, price, amount, paid FROM sample)
    JOIN (SELECT v, m, coin_id, source, quote, min_price, smallest, quantities FROM base) USING (v, m, coin_id, source, quote))
  GROUP BY v, m, coin_id, source, quote, min_price)";

constexpr const char* kWant = R"(
  CREATE OR REPLACE TABLE want AS WITH spread AS (
    SELECT v, m, coin_id, source, quote, greatest(fsum(d * d) / count(*) - (fsum(d) / count(*)) ** 2, 0) AS variance
    FROM (SELECT v, m, coin_id, source, quote, price - avg_price AS d FROM (SELECT v, m, coin_id, source, quote, price FROM sample)
      JOIN means USING (v, m, coin_id, source, quote)) GROUP BY ALL)
  SELECT base.*, loose, avg_price, close - open AS price_change, (close - open) / open * 100 AS price_change_pct, sqrt(variance) AS volatility,
    (max_price - min_price) / avg_price * 100 AS range_pct, volume,
    CASE WHEN lacking = 0 AND volume > 0 THEN coalesce(mean, turnover / volume) END AS vwap,
    avg_price_twice, (max_price - min_price) / avg_price_twice * 100 AS range_pct_twice
  FROM base JOIN means USING (v, m, coin_id, source, quote) JOIN spread USING (v, m, coin_id, source, quote))";

}  // namespace

std::vector<std::string> WindowMacros() { return {std::begin(kMacros), std::end(kMacros)}; }

std::vector<std::string> WindowStatements() { return {kCounted, kSamples, kBase, kMeans, kWant}; }

}  // namespace cryptostream
