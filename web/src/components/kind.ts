/** What a file is, as far as its name tells. */
export type Kind =
  | 'folder'
  | 'picture'
  | 'video'
  | 'sound'
  | 'words'
  | 'table'
  | 'slides'
  | 'pack'
  | 'code'
  | 'disk'
  | 'font'
  | 'other';

const extensions: Readonly<Record<Exclude<Kind, 'folder' | 'other'>, string>> = {
  picture: 'jpg jpeg png gif webp avif heic heif svg tif tiff bmp ico raw cr2 cr3 nef arw dng psd',
  video: 'mp4 m4v mov mkv webm avi mpg mpeg mts ts wmv ogv 3gp',
  sound: 'mp3 m4a aac flac wav ogg oga opus aif aiff wma mid midi',
  words: 'pdf txt md rtf doc docx odt pages tex epub log',
  table: 'xls xlsx ods csv tsv numbers',
  slides: 'ppt pptx odp key',
  pack: 'zip tar gz tgz bz2 xz zst 7z rar jar deb rpm',
  code: 'js jsx tsx mjs json html htm css xml yaml yml toml go rs py rb php java kt c h cpp hpp cs sh sql lua swift ipynb',
  disk: 'iso img dmg vmdk qcow2 vdi vhd vhdx exe msi apk',
  font: 'ttf otf woff woff2',
};

const kinds = new Map<string, Kind>(
  Object.entries(extensions).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [extension, kind as Kind] as const),
  ),
);

export function kindOf(name: string, folder: boolean): Kind {
  if (folder) return 'folder';
  return kinds.get(extensionOf(name).slice(1).toLowerCase()) ?? 'other';
}

/** '.pdf', or '' when there is none that people would call one. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot) : '';
  return extension.length >= 2 && extension.length <= 9 && !/\s/.test(extension) ? extension : '';
}
