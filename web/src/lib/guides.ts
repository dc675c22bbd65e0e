import type { MountAddress } from './address';
import { text } from './text';

/** One line of a guide; `code` is shown below it, ready to be copied. */
export interface Step {
  readonly say: string;
  readonly code?: string;
}

/** One way to connect. */
export interface Method {
  readonly title: string;
  /** Our own tests run it. If not, it comes from the client's documentation. */
  readonly ran: boolean;
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

export type GuideID = 'windows' | 'macos' | 'linux' | 'terminal' | 'phone';

export interface Guide {
  readonly id: GuideID;
  readonly name: string;
  readonly methods: readonly Method[];
}

/** How to connect each kind of client to the address. */
export function guides(address: MountAddress): readonly Guide[] {
  const { windows, macos, linux, terminal, phone } = text;
  const { url, gnome } = address;
  const quoted = shellQuote(url);
  const phoneNotes = address.thisComputerOnly ? [phone.elsewhere] : [];
  return [
    {
      id: 'windows',
      name: windows.name,
      methods: [
        {
          title: windows.explorer.title,
          ran: false,
          steps: withCode(windows.explorer.steps, 1, url),
          notes: address.encrypted
            ? [windows.explorer.limit]
            : [windows.explorer.plainHttp, windows.explorer.limit],
        },
      ],
    },
    {
      id: 'macos',
      name: macos.name,
      methods: [
        {
          title: macos.finder.title,
          ran: false,
          steps: withCode(macos.finder.steps, 1, url),
          notes: [],
        },
      ],
    },
    {
      id: 'linux',
      name: linux.name,
      methods: [
        {
          title: linux.gnome.title,
          ran: false,
          steps: withCode(linux.gnome.steps, 1, gnome),
          notes: [],
        },
        {
          title: linux.davfs.title,
          ran: true,
          steps: [
            { say: linux.davfs.install, code: 'sudo apt install davfs2' },
            {
              say: linux.davfs.mount,
              code: `sudo mkdir -p /mnt/cairn\nsudo mount -t davfs -o uid=$(id -u) ${quoted} /mnt/cairn`,
            },
          ],
          notes: [linux.davfs.locks],
        },
      ],
    },
    {
      id: 'terminal',
      name: terminal.name,
      methods: [
        {
          title: terminal.rclone.title,
          ran: true,
          steps: [
            {
              say: terminal.rclone.add,
              code: `rclone config create cairn webdav url=${quoted} vendor=rclone user=NAME pass=PASSWORD`,
            },
            {
              say: terminal.rclone.copy,
              code: 'rclone copy ./photos cairn:photos\nrclone check --download ./photos cairn:photos',
            },
            {
              say: terminal.rclone.mount,
              code: 'rclone mount cairn: ~/cairn --vfs-cache-mode writes',
            },
          ],
          notes: [],
        },
        {
          title: terminal.curl.title,
          ran: true,
          steps: [
            { say: terminal.curl.put, code: `curl -u NAME -T film.mkv ${quoted}` },
            { say: terminal.curl.get, code: `curl -u NAME -O ${shellQuote(`${url}film.mkv`)}` },
          ],
          notes: [],
        },
      ],
    },
    {
      id: 'phone',
      name: phone.name,
      methods: [phone.android, phone.ios].map((app) => ({
        title: app.title,
        ran: false,
        steps: withCode(app.steps, 1, url),
        notes: phoneNotes,
      })),
    },
  ];
}

/** The guide to open first, from the browser's own description of its system. */
export function guideFor(userAgent: string): GuideID {
  if (/Android|iPhone|iPad|Mobile/.test(userAgent)) return 'phone';
  if (/Windows/.test(userAgent)) return 'windows';
  if (/Macintosh|Mac OS X/.test(userAgent)) return 'macos';
  return 'linux';
}

function withCode(steps: readonly string[], at: number, code: string): readonly Step[] {
  return steps.map((say, i) => (i === at ? { say, code } : { say }));
}

/** Quotes a word for a POSIX shell, if it needs it. */
function shellQuote(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
