// Numbers, times and money as people read them.

import type { Duration } from "@bufbuild/protobuf/wkt";

import type { Money } from "../gen/google/type/money_pb";

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const [value, unit] = count < 1024 ** 2 ? [count / 1024, "KiB"] : [count / 1024 ** 2, "MiB"];
  return `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
}

export function money({ currencyCode, units, nanos }: Money): string {
  return new Intl.NumberFormat("en", { style: "currency", currency: currencyCode || "EUR" }).format(Number(units) + nanos / 1e9);
}

/** Milliseconds of a google.protobuf.Duration. */
export function milliseconds({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** A google.protobuf.Duration of so many milliseconds. */
export function protoDuration(count: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(count / 1000)), nanos: (count % 1000) * 1_000_000 };
}
