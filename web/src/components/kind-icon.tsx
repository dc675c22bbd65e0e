import {
  File,
  FileArchive,
  FileCode,
  FileSpreadsheet,
  FileText,
  Film,
  Folder,
  HardDrive,
  Image,
  type LucideIcon,
  Music,
  Presentation,
  Type,
} from 'lucide-react';
import { type Kind, kindOf } from './kind';
import styles from './kind-icon.module.css';

const icons: Readonly<Record<Kind, LucideIcon>> = {
  folder: Folder,
  picture: Image,
  video: Film,
  sound: Music,
  words: FileText,
  table: FileSpreadsheet,
  slides: Presentation,
  pack: FileArchive,
  code: FileCode,
  disk: HardDrive,
  font: Type,
  other: File,
};

/** The picture before a name. Decoration: the name stands beside it. */
export function KindIcon({ name, folder }: { name: string; folder: boolean }) {
  const kind = kindOf(name, folder);
  const Icon = icons[kind];
  return <Icon className={`${styles.icon} ${styles[kind] ?? ''}`} aria-hidden="true" />;
}
