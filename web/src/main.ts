import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/coins.css";
import "./styles/market.css";
import "./styles/chart.css";
import "./styles/quotes.css";
import "./styles/compare.css";
import { App } from "./app";

new App().start();
