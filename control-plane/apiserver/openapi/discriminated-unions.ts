/**
 * Messages of which one field says which of the others is meant: x-kubernetes-unions. The schema table does not say it.
 * Source: `+union` and `+unionDiscriminator` of k8s.io/api 1.36.
 */
export interface DiscriminatedUnion {
  discriminator?: string;
  /** Field → what the discriminator says for it. */
  'fields-to-discriminateBy': Readonly<Record<string, string>>;
}

const localhostProfile: DiscriminatedUnion = { discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } };

/** By the last three parts of the message's name. */
export const discriminatedUnions: Readonly<Record<string, DiscriminatedUnion>> = {
  'core.v1.AppArmorProfile': localhostProfile,
  'core.v1.SeccompProfile': localhostProfile,
  'core.v1.PodSchedulingGroup': { 'fields-to-discriminateBy': { podGroupName: 'PodGroupName' } },
  'flowcontrol.v1.LimitResponse': { discriminator: 'type', 'fields-to-discriminateBy': { queuing: 'Queuing' } },
  'flowcontrol.v1.PriorityLevelConfigurationSpec': { discriminator: 'type', 'fields-to-discriminateBy': { exempt: 'Exempt', limited: 'Limited' } },
  'flowcontrol.v1.Subject': { discriminator: 'kind', 'fields-to-discriminateBy': { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } },
};
