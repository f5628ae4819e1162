// CoinGecko, as far as the program asks it: prices of now that move with each poll,
// a day of history in steps of five minutes, names and addresses of logos.
import { createServer } from "node:http";

const STEP_MS = 300_000;

/** Id, symbol, name, and a price: none of the names can be made from its id. */
export const COINS = [
  { id: "bitcoin", symbol: "btc", name: "Bitcoin of the provider", price: 91_234 },
  { id: "usd-coin", symbol: "usdc", name: "USDC <b>&amp;</b>", price: 0.9998 },
  { id: "pepe", symbol: "pepe", name: "Pepe", price: 8.8782e-8 },
];

const image = (coin) => `https://images.example/${coin.id}.png?17`;

/** Out: the address for coingecko.base_url, and stop(). `quietAfter`: polls answered before it says 429 for ever. */
export async function startProvider({ quietAfter = Infinity } = {}) {
  let polls = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const path = url.pathname.replace("/api/v3", "");
    if (path === "/ping") return answer(response, { gecko_says: "(V3) To the Moon!" });
    if (path === "/coins/markets") {
      if (++polls > quietAfter) return answer(response, { status: { error_code: 429 } }, 429);
      return answer(response, COINS.filter((coin) => url.searchParams.get("ids").split(",").includes(coin.id)).map((coin) => row(coin, polls)));
    }
    const coin = COINS.find((one) => path === `/coins/${one.id}/market_chart`);
    return coin ? answer(response, chart(coin, Number(url.searchParams.get("days")))) : answer(response, { error: "Incorrect path" }, 404);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/api/v3`,
    polls: () => polls,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function row(coin, poll) {
  const price = Number((coin.price * (1 + (poll % 7) * 0.001)).toPrecision(5));
  return {
    id: coin.id, symbol: coin.symbol, name: coin.name, image: image(coin), current_price: price, market_cap: Math.round(price * 1e6),
    total_volume: 71_234_567, high_24h: price, low_24h: price, price_change_24h: 1, price_change_percentage_24h: 1.25,
    last_updated: new Date().toISOString(),
  };
}

function chart(coin, days) {
  const end = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const steps = days * 288;
  const points = Array.from({ length: steps }, (_, index) => {
    const wave = Math.sin(index / 19) * 0.02 + Math.sin(index / 5) * 0.004;
    return [end - (steps - 1 - index) * STEP_MS + (index % 3) * 4_000, coin.price * (1 + wave)];
  });
  const volumes = points.map(([time]) => [time, 71_234_567]);
  return { prices: points, market_caps: points, total_volumes: volumes };
}

function answer(response, body, status = 200) {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}
