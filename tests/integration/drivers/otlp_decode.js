// Reads the bytes of an ExportTraceServiceRequest and prints it as the JSON of protobuf, with ids in
// hexadecimal. Independent of what is tested: OpenTelemetry's own generated decoder.
// Usage: node otlp_decode.js FILE
const fs = require('node:fs');
const root = require('@opentelemetry/otlp-transformer/build/src/generated/root');

const Request = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
const message = Request.decode(fs.readFileSync(process.argv[2]));
const plain = Request.toObject(message, { longs: String, json: true });

const IDS = new Set(['traceId', 'spanId', 'parentSpanId']);
process.stdout.write(JSON.stringify(plain, (key, value) => (
  IDS.has(key) ? Buffer.from(value).toString('hex') : value)));
