import {
  ArrowUp,
  CheckCheck,
  Download,
  FilePen,
  FolderInput,
  FolderPlus,
  FolderUp,
  type LucideIcon,
  RefreshCw,
  SquareArrowOutUpRight,
  Trash2,
  Undo2,
  Upload,
} from 'lucide-react';
import type { ActionId } from '../actions/types';

export const actionIcons: Readonly<Record<ActionId, LucideIcon>> = {
  open: SquareArrowOutUpRight,
  download: Download,
  'new-folder': FolderPlus,
  'upload-files': Upload,
  'upload-folder': FolderUp,
  rename: FilePen,
  move: FolderInput,
  delete: Trash2,
  'select-all': CheckCheck,
  up: ArrowUp,
  refresh: RefreshCw,
  undo: Undo2,
};
