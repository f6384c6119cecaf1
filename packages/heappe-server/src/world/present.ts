import type { VersionTraits } from '../versions.ts';
import { date } from './dates.ts';
import type { Project, Template, TemplateParameter, World } from './types.ts';

/** CommandTemplateExt: only parameters that the job has to supply. */
export function presentTemplate(template: Template): object {
  return {
    Id: template.id,
    Name: template.name,
    Description: template.description,
    ExtendedAllocationCommand: template.extendedAllocationCommand,
    IsGeneric: template.isGeneric,
    IsEnabled: template.isEnabled,
    CreatedFromGenericTemplateId: template.createdFromGenericTemplateId,
    TemplateParameters: template.parameters
      .filter(({ enabled, visible, query }) => enabled && visible && query === '')
      .map(({ identifier, description }) => ({ Identifier: identifier, Description: description })),
  };
}

/** ExtendedCommandTemplateExt, for managers. */
export function presentExtendedTemplate(template: Template): object {
  return {
    Id: template.id,
    Name: template.name,
    Description: template.description,
    ExtendedAllocationCommand: template.extendedAllocationCommand,
    ExecutableFile: template.executableFile,
    PreparationScript: template.preparationScript,
    CommandParameters: template.commandParameters,
    IsGeneric: template.isGeneric,
    IsEnabled: template.isEnabled,
    ProjectId: template.projectId,
    ClusterNodeTypeId: template.clusterNodeTypeId,
    CreatedFromGenericTemplateId: template.createdFromGenericTemplateId,
    TemplateParameters: template.parameters.filter(({ enabled }) => enabled).map(presentParameter),
  };
}

export function presentParameter(parameter: TemplateParameter): object {
  return {
    Id: parameter.id,
    Identifier: parameter.identifier,
    Description: parameter.description,
    Query: parameter.query,
  };
}

/** ProjectExt. */
export function presentProject(
  project: Project,
  templates: readonly Template[],
  world: World,
  traits: VersionTraits,
): object {
  const paths = world.assignments
    .filter(({ projectId }) => projectId === project.id)
    .map(({ clusterId, scratchStoragePath, projectStoragePath }) => ({
      ClusterId: clusterId,
      ClusterName: world.clusters.find(({ id }) => id === clusterId)?.name ?? null,
      ScratchStoragePath: scratchStoragePath,
      ProjectStoragePath: projectStoragePath,
    }));
  return {
    Id: project.id,
    Name: project.name,
    Description: project.description,
    AccountingString: project.accountingString,
    StartDate: date(project.startDate, false),
    EndDate: date(project.endDate, false),
    UsageType: project.usageType,
    UseAccountingStringForScheduler: project.useAccountingStringForScheduler,
    IsOneToOneMapping: project.isOneToOneMapping,
    KeyScriptsDirectoryPath: `~/.HEAppE/.${project.accountingString}/.key_scripts`,
    CommandTemplates: templates.map(presentTemplate),
    ...(traits.storagePaths ? { ClusterProjectStoragePaths: paths } : {}),
  };
}
