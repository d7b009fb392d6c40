// The server: what every client of OpenAI, Anthropic, Ollama and llama.cpp already speaks to.
export { createHandler, serve, type LlamaServer, type RequestHandler } from './serve';
export type { HandlerOptions, ModelSource, ServeOptions } from './options';
export type { LogEntry, LogLevel } from './log';
