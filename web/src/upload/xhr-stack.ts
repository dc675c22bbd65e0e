import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';

/**
 * XMLHttpRequest for tus-js-client. Its own stack does not notice that a browser ended a
 * request by itself (asleep, changed networks), so the promise would never settle; and one
 * that was aborted while its bytes were still being read would be sent all the same.
 */
export class XhrStack implements HttpStack {
  createRequest(method: string, url: string): HttpRequest {
    return new XhrRequest(method, url);
  }

  getName(): string {
    return 'XhrStack';
  }
}

class XhrRequest implements HttpRequest {
  private readonly xhr = new XMLHttpRequest();
  private readonly headers = new Map<string, string>();
  private aborted = false;

  constructor(
    private readonly method: string,
    private readonly url: string,
  ) {
    this.xhr.open(method, url, true);
  }

  getMethod(): string {
    return this.method;
  }

  getURL(): string {
    return this.url;
  }

  setHeader(name: string, value: string): void {
    this.xhr.setRequestHeader(name, value);
    this.headers.set(name, value);
  }

  getHeader(name: string): string | undefined {
    return this.headers.get(name);
  }

  setProgressHandler(handler: (bytesSent: number) => void): void {
    this.xhr.upload.onprogress = (event) => handler(event.loaded);
  }

  send(body: XMLHttpRequestBodyInit | null = null): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const broken = () => reject(new Error('the connection broke'));
      if (this.aborted) return broken();
      this.xhr.onload = () => resolve(new XhrResponse(this.xhr));
      this.xhr.onerror = broken;
      this.xhr.onabort = broken;
      this.xhr.ontimeout = broken;
      this.xhr.send(body);
    });
  }

  abort(): Promise<void> {
    this.aborted = true;
    this.xhr.abort();
    return Promise.resolve();
  }

  getUnderlyingObject(): XMLHttpRequest {
    return this.xhr;
  }
}

class XhrResponse implements HttpResponse {
  constructor(private readonly xhr: XMLHttpRequest) {}

  getStatus(): number {
    return this.xhr.status;
  }

  getHeader(name: string): string | undefined {
    return this.xhr.getResponseHeader(name) ?? undefined;
  }

  getBody(): string {
    return this.xhr.responseText;
  }

  getUnderlyingObject(): XMLHttpRequest {
    return this.xhr;
  }
}
