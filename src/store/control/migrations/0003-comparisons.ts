import type { Migration } from '../../contract/engine.ts';

/** Comparisons of isolations; they go with their function. */
export const comparisons: Migration = {
  number: 3,
  name: 'comparisons',
  async up(db) {
    await db.schema
      .createTable('comparisons')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull().references('functions.id').onDelete('cascade'))
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('comparison_json', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('comparisons_by_function').on('comparisons').columns(['function_id', 'id']).execute();
  },
};
