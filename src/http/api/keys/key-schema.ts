import Type from 'typebox';
import { SCOPES } from '../../../domain/names.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';

export const KEY_PROPERTIES = {
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(oneOf(SCOPES)),
  createdAt: Type.String(),
  lastUsedAt: nullable(Type.String()),
  expiresAt: nullable(Type.String()),
};
