import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';

/** The fields of a message as an object literal, which unlike a finished message can be spread into another. */
export type Fields<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, { readonly $typeName: string }>;
