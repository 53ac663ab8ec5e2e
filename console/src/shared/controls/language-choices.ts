import { LANGUAGE_TABLE, LANGUAGES } from '../../../../src/domain/runtimes.ts';

/** The languages, as a control that chooses one wants them. */
export const LANGUAGE_CHOICES = LANGUAGES.map((value) => ({ value, label: LANGUAGE_TABLE[value].title }));
