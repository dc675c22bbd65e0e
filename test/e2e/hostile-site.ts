import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of somebody else: it notes what it is asked for. */
export interface Site {
  /** With the host as given: two names, two sites. */
  at(host: '127.0.0.1' | 'localhost'): string;
  readonly asked: string[];
  close(): Promise<void>;
}

/**
 * Opens a site of empty pages. With another server's address and a password for it, it serves
 * what that one does, but for the headers that say how to treat it.
 */
export async function openSite(source?: string, basic?: string): Promise<Site> {
  const asked: string[] = [];
  const server: Server = createServer(async (request, answer) => {
    const url = request.url ?? '/';
    asked.push(url);
    answer.setHeader('Access-Control-Allow-Origin', '*');
    answer.setHeader('Content-Type', 'text/html');
    if (source === undefined) {
      answer.end('<!doctype html><title>other</title>');
      return;
    }
    const { cookie = '' } = request.headers;
    const authorization = url.includes('/dav/') ? { authorization: basic ?? '' } : { cookie };
    const there = await fetch(new URL(url, source), { headers: authorization });
    answer.statusCode = there.status;
    answer.setHeader('Content-Type', there.headers.get('Content-Type') ?? '');
    answer.end(Buffer.from(await there.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    at: (host) => `http://${host}:${port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
