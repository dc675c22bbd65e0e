/** The address to mount, in the spellings that clients ask for. */
export interface MountAddress {
  /** As curl, rclone, Finder, Explorer and davfs2 take it. Ends in `/dav/`. */
  readonly url: string;
  /** As GNOME Files takes it: `davs://` for HTTPS, `dav://` for HTTP. */
  readonly gnome: string;
  /** Passwords and bytes are encrypted on their way. */
  readonly encrypted: boolean;
  /** Only this computer can reach the address. */
  readonly thisComputerOnly: boolean;
}

/**
 * Works out the mount address from `document.baseURI`, which the server sets to the
 * path of `--base-url`. Query, fragment, user and password are dropped; a last path
 * segment without a slash is a page, not a folder, and is dropped too.
 */
export function mountAddress(baseURI: string): MountAddress {
  const url = new URL('dav/', baseURI);
  url.search = '';
  url.hash = '';
  url.username = '';
  url.password = '';
  const encrypted = url.protocol === 'https:';
  return {
    url: url.href,
    gnome: url.href.replace(/^https?:/, encrypted ? 'davs:' : 'dav:'),
    encrypted,
    thisComputerOnly: isLoopback(url.hostname),
  };
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}
